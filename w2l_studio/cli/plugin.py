"""``w2l-studio plugin``: install, doctor."""

from __future__ import annotations

import click

from w2l_studio.cli import options

_HOSTS = click.Choice(["resolve"])


@click.group("plugin")
def command() -> None:
    """Install the plugins for other programs, or check them."""


@command.command()
@click.argument("host", type=_HOSTS)
@click.option("--all-users", is_flag=True, help="For everybody on this machine; needs an administrator.")
@click.option("--uninstall", is_flag=True, help="Take it away again; settings and results stay.")
def install(host: str, all_users: bool, uninstall: bool) -> int:  # noqa: ARG001 - one host so far
    """Install the plugin for HOST (resolve: DaVinci Resolve's Scripts menu)."""
    from w2l_studio import plugins

    fusion = plugins.fusion_folder(all_users=all_users)
    if uninstall:
        for path in plugins.uninstall_resolve(fusion):
            click.echo(f"gone: {path}")
        return 0
    for path in plugins.install_resolve(fusion):
        click.echo(f"Workspace > Scripts > Edit > {path.stem}")
    click.echo(f"installed in {fusion}")
    return 0


@command.command()
def doctor() -> int:
    """Say what the plugins need, and what of it is missing."""
    from w2l_studio import plugins

    there, missing = plugins.check_resolve(
        [plugins.fusion_folder(all_users=every) for every in (False, True)]
    )
    for line in there:
        click.echo(line)
    return options.print_problems(missing)
