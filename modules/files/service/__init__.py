"""The services for files, their contents, uploads and quota."""

from modules.files.service.contents import ContentService
from modules.files.service.files import FileService
from modules.files.service.uploads import UploadService
from modules.files.service.usage import UsageService

__all__ = ["ContentService", "FileService", "UploadService", "UsageService"]
