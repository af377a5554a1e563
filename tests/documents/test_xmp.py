"""The metadata of a Factur-X document."""

from __future__ import annotations

import pytest
from lxml import etree

from worker.documents.xmp import factur_x, level_of


@pytest.mark.parametrize(
    ("guideline", "level"),
    [
        ("urn:cen.eu:en16931:2017", "EN 16931"),
        ("urn:factur-x.eu:1p0:minimum", "MINIMUM"),
        ("urn:factur-x.eu:1p0:basicwl", "BASIC WL"),
        ("urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic", "BASIC"),
        ("urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended", "EXTENDED"),
        ("urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0", "XRECHNUNG"),
        ("", "EN 16931"),
    ],
)
def test_the_level_follows_the_guideline(guideline: str, level: str) -> None:
    assert level_of(guideline) == level


def test_the_fragment_is_well_formed_and_names_the_file() -> None:
    tree = etree.fromstring(b"<x>" + factur_x("BASIC") + b"</x>")
    said = {etree.QName(e).localname: e.text for e in tree.iter() if "factur-x" in e.tag}
    assert said["DocumentFileName"] == "factur-x.xml"
    assert said["ConformanceLevel"] == "BASIC"
