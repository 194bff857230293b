"""What holds for every file: which engine, on which device, with which weights."""

from collections.abc import Generator

import bpy

from . import bridge, flows
from .running import Running


class Preferences(bpy.types.AddonPreferences):
    """Engine, device and weights."""

    bl_idname = __package__

    engine: bpy.props.StringProperty(
        name="Engine",
        description="The w2l-studio program; empty: the variable W2L_STUDIO, else the first one on PATH",
        subtype="FILE_PATH",
    )
    device: bpy.props.EnumProperty(
        name="Device",
        description="Where mouths are drawn and made crisp; all else runs on the processor",
        items=[
            ("auto", "Automatic", "CUDA where there is a card, else the processor"),
            ("cpu", "CPU", "The processor"),
            ("cuda", "CUDA", "An NVIDIA card"),
        ],
    )
    weights: bpy.props.StringProperty(
        name="Weights",
        description="Name or file of a generator (`w2l-studio weights list`); empty: the engine's own",
    )
    tested: bpy.props.StringProperty(options={"SKIP_SAVE"})

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the preferences."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "engine")
        layout.prop(self, "device")
        layout.prop(self, "weights")
        layout.operator("w2l.test_engine", icon="CHECKMARK")
        for line in self.tested.splitlines():
            layout.label(text=line)
        layout.label(text="The engine works on this machine; this extension uses no network.")


def get() -> Preferences:
    """Return the preferences of this extension."""
    return bpy.context.preferences.addons[__package__].preferences


def engine() -> str:
    """Return the engine's program.

    Raises:
        bridge.NoEngine: none there; says what to install.
    """
    named = get().engine
    return bridge.find(bpy.path.abspath(named) if named.startswith("//") else named)


def checked() -> Generator[flows.Work, str, str]:
    """Ask the engine's program what it is, and return it.

    Raises:
        bridge.NoEngine: none there, or it is no engine or too old; says what to install.
    """
    program = engine()
    yield flows.EngineVersion(program)
    return program


def settings() -> list[str]:
    """Return the options of `dub` that the preferences hold."""
    told = get()
    weights = ["--weights", told.weights] if told.weights else []
    return ["--device", told.device, *weights]


class W2L_OT_test_engine(Running, bpy.types.Operator):
    """Ask the engine for its version and whether it is complete"""

    bl_idname = "w2l.test_engine"
    bl_label = "Test Engine"
    bl_options = {"REGISTER"}

    def steps(self, context: bpy.types.Context) -> flows.Steps:
        """Ask version, then doctor."""
        get().tested = ""
        program = engine()
        version = yield flows.EngineVersion(program)
        doctor = yield flows.EngineCall(program, ["doctor"], "W2L: the engine checks itself")
        told = f"w2l-studio, version {version}"
        get().tested = "\n".join([told, program, *doctor.strip().splitlines()])
        return told


CLASSES = (Preferences, W2L_OT_test_engine)
