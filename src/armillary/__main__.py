"""``python -m armillary`` is the ``armillary`` command."""

from armillary.cli.main import main

raise SystemExit(main())
