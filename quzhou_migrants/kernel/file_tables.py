"""Which file belongs to which object; the bytes lie in the data folder under their hash."""

from piccolo.columns import BigInt, Boolean, Text, Varchar

from quzhou_migrants.kernel.tables import BigSerial, Check, DivisionCode, Stamp, Table, business, index


@business()
class StoredFile(Table, tablename="kernel_file"):
    """One file of one object. `name` is what the person called it: shown as text, never used as a path."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    owner_table = Varchar(length=63, null=False)
    owner_id = BigInt(null=False)
    kind = Varchar(length=24, null=False)
    sha256 = Varchar(length=64, null=False, index=True)
    name = Text(null=False, default="")
    media_type = Varchar(length=100, null=False)
    size = BigInt(null=False)
    added_at = Stamp()
    added_by = BigInt(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    kernel_file_size_positive = Check("size > 0")


index("kernel_file_owner", "kernel_file (owner_table, owner_id, id)")
