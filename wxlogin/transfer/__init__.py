"""People in files: brought in from a site's own login table, and written out.

A line of a file is one user, as JSON or as a row of a CSV table; `record` says what
may stand in it. Nothing here prints or logs: whoever calls decides what to tell.
"""

from wxlogin.transfer.batches import Import, import_people
from wxlogin.transfer.damage import Unusable
from wxlogin.transfer.export import export_people
from wxlogin.transfer.lines import Aside, Format, read_file
from wxlogin.transfer.record import Outcome, Result

__all__ = [
    "Aside",
    "Format",
    "Import",
    "Outcome",
    "Result",
    "Unusable",
    "export_people",
    "import_people",
    "read_file",
]
