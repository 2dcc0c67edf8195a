"""A QR code as a picture, for authenticator apps. Only the function that enrols loads this."""

import segno

PIXELS_A_MODULE = 4
QUIET_ZONE_MODULES = 4  # ISO/IEC 18004 §6.3.8


def qr_svg(text: str) -> str:
    """Return the picture as an SVG element, in black on white, which a dark page must not change."""
    picture: str = segno.make_qr(text, error="m").svg_inline(
        scale=PIXELS_A_MODULE, border=QUIET_ZONE_MODULES, dark="#000", light="#fff"
    )
    return picture
