#version 420
// As the head's own, but only the head turns: the neck twists between it and the shoulders.
in vec3 place;
in vec3 normal;
in vec3 neutral;
in vec2 uv;
in vec2 part_shade;
uniform mat4 head_to_camera;
uniform mat4 torso_to_camera;
uniform mat4 camera_to_clip;
out vec3 v_camera;
out vec3 v_normal;
out vec3 v_neutral;
out vec2 v_uv;
flat out int v_part;
out float v_shade;
invariant gl_Position;

void main() {
    int part = int(part_shade.x + 0.5);
    float turns = part == 5 ? 1.0 : smoothstep(5.55, 6.45, neutral.y - 0.25 * neutral.z);
    mat4 to_camera = head_to_camera * turns + torso_to_camera * (1.0 - turns);
    vec4 camera = to_camera * vec4(place, 1.0);
    v_camera = camera.xyz;
    v_normal = mat3(to_camera) * normal;
    v_neutral = neutral;
    v_uv = uv;
    v_part = part;
    v_shade = part_shade.y;
    gl_Position = camera_to_clip * camera;
}
