"""Links as pictures for the camera of a phone."""

from typing import NamedTuple

from qrcode import QRCode  # type: ignore[import-untyped]
from qrcode.image.svg import SvgPathImage  # type: ignore[import-untyped]


class QrCode(NamedTuple):
    """A square picture: the length of its sides, and the path of the dark parts in it."""

    size: str
    path: str


def qr_code(link: str) -> QrCode:
    # The page adds the rest of the white edge that cameras need.
    code = QRCode(border=1)
    code.add_data(link)
    image = code.make_image(SvgPathImage)
    return QrCode(str(image.units(image.pixel_size, text=False)), image.path.get("d"))
