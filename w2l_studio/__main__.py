"""``python -m w2l_studio`` is ``w2l-studio``."""

from w2l_studio.cli.main import main

main()
