from sqlalchemy import bindparam, select

from core.kit import Listing, select_rows
from modules.files.models import SEARCH, File

sort = (File.created_at, File.original_filename, File.size, File.id)
FILES = Listing(sort=sort, search=SEARCH, filters=(File.content_type,), scope=(File.owner_id,))
ALL_FILES = Listing(sort=sort, search=SEARCH, filters=(File.content_type, File.owner_id))

ONE = select_rows(File).where(File.id == bindparam("file"))
KEPT = select(File.storage_key).where(File.storage_key == bindparam("key"))
