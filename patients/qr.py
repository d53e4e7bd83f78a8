"""Links as pictures for the camera of a phone."""

from typing import NamedTuple

from qrcode import QRCode
from qrcode.image.svg import SvgPathImage


class QrCode(NamedTuple):
    """A square picture: the length of its sides, and the path of the dark parts in it."""

    size: str
    path: str


def qr_code(link: str) -> QrCode:
    code = QRCode()
    code.add_data(link)
    image = code.make_image(SvgPathImage)
    return QrCode(str(image.units(image.pixel_size, text=False)), image.path.get("d"))
