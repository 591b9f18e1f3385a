from sqlalchemy import bindparam, select

from core.kit import Listing, select_rows
from modules.files.models import SEARCH, File

sort = (File.created_at, File.original_filename, File.size, File.id)
FILES = Listing(sort=sort, search=SEARCH, filters=(File.content_type,), scope=(File.owner_id,))
ALL_FILES = Listing(sort=sort, search=SEARCH, filters=(File.content_type, File.owner_id))

SELECT_ALL = select_rows(File)
OWN = SELECT_ALL.where(File.owner_id == bindparam("owner"))
ONE = SELECT_ALL.where(File.id == bindparam("file"))
KEPT = select(File.storage_key).where(File.storage_key == bindparam("key"))
