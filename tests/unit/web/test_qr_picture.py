"""The QR code of an enrolment."""

import re

import segno

from edge_auth.web.qr_picture import qr_svg

# So long that a smaller code of the level L would hold it.
TEXT = "otpauth://totp/app.example.com:ada?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=app.example.com"


def test_a_picture_is_dark_on_light_with_a_quiet_zone() -> None:
    """ISO/IEC 18004 §6.3.8: four modules of light around the code. Level M can be read though 15 % of it is covered."""
    picture = qr_svg(TEXT)
    modules = segno.make_qr(TEXT, error="m").symbol_size(border=4)[0]

    assert re.findall(r'(?:width|height)="(\d+)"', picture) == [str(modules * 4)] * 2
    assert re.findall(r'(?:fill|stroke)="([^"]+)"', picture) == ["#fff", "#000"]
    assert "xmlns" not in picture  # an element of a page, not a file
