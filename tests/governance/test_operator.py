from pathlib import Path

from foundation.settings import Settings
from governance.operator import operator_tenant
from tests.governance.documents_at_hand import OLGA, Archive


def test_the_first_tenant_that_the_console_brought_documents_of_is_the_operator(
    tmp_path: Path,
) -> None:
    archive = Archive(tmp_path)
    settings = Settings(_env_file=None, data_dir=tmp_path)
    assert operator_tenant(settings, archive.database) == ""
    archive.add("upload.md", author=OLGA)
    assert operator_tenant(settings, archive.database) == ""
    document = archive.add().document_id
    assert operator_tenant(settings, archive.database) == "northstar"
    archive.catalog.erase(document)
    assert operator_tenant(settings, archive.database) == "northstar"
    archive.database.close()


def test_the_settings_decide_where_they_say_anything(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    archive.add()
    settings = Settings(_env_file=None, data_dir=tmp_path, operator_tenant="elsewhere")
    assert operator_tenant(settings, archive.database) == "elsewhere"
    archive.database.close()
