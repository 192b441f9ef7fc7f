"""No output keeps what exiftool can plant in a photo, and exiftool lists nothing but structure."""

import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from unveil.images import photos
from unveil.images.photos import read_photo, write_photo

EXIFTOOL = shutil.which("exiftool")
MARKER = "PLANTED"
SIZE = (24, 16)

FIELDS = (
    *("Artist", "Copyright", "ImageDescription", "Make", "Model", "Software", "UserComment"),
    *("LensModel", "SerialNumber", "OwnerName", "DocumentName", "HostComputer", "PageName"),
    *("GPSProcessingMethod", "Comment", "XMP-dc:Title", "XMP-dc:Creator", "XMP-dc:Description"),
    *("XMP-photoshop:City", "XMP-xmpMM:DocumentID", "XMP-xmp:CreatorTool", "IPTC:City"),
    *("XMP-iptcCore:Location", "IPTC:Caption-Abstract", "IPTC:Keywords", "IPTC:By-line"),
    *("PNG:Title", "PNG:Author", "PNG:Comment", "PNG:Source"),
)
"""Fields of exiftool that take any text; those that a format lacks are passed over."""

OTHERS = (
    *("GPSLatitude=52.1", "GPSLatitudeRef=N", "GPSLongitude=4.3", "GPSLongitudeRef=E"),
    *("DateTimeOriginal=1999:01:02 03:04:05", "Orientation#=6", "XResolution=317"),
)

STRUCTURE = {
    "File": "FileName Directory FileSize FileModifyDate FileAccessDate FileInodeChangeDate "
    "FilePermissions FileType FileTypeExtension MIMEType ImageWidth ImageHeight ImageLength "
    "EncodingProcess BitsPerSample ColorComponents YCbCrSubSampling ExifByteOrder BMPVersion "
    "Planes BitDepth Compression NumColors NumImportantColors PixelsPerMeterX PixelsPerMeterY",
    "ExifTool": "ExifToolVersion",
    "Composite": "ImageSize Megapixels",
    "JFIF": "JFIFVersion ResolutionUnit XResolution YResolution",
    "PNG": "ImageWidth ImageHeight BitDepth ColorType Compression Filter Interlace ProfileName",
    "RIFF": "ImageWidth ImageHeight",
    "QuickTime": "MajorBrand MinorVersion CompatibleBrands HandlerType PrimaryItemReference "
    "ImageSpatialExtent ImagePixelDepth ColorProfiles ColorPrimaries TransferCharacteristics "
    "MatrixCoefficients ChromaFormat ChromaSamplePosition AV1ConfigurationVersion MediaDataSize "
    "MediaDataOffset",
    "EXIF": "ImageWidth ImageHeight BitsPerSample Compression PhotometricInterpretation "
    "StripOffsets SamplesPerPixel RowsPerStrip StripByteCounts PlanarConfiguration XResolution "
    "YResolution ResolutionUnit",
}
"""What each format needs, by exiftool's groups; all of it is written by the encoder."""


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> list[Path]:
    """One photo of every format that is read, with the marker in every field that exiftool has."""
    if EXIFTOOL is None:
        pytest.skip("no exiftool on this machine")
    folder = tmp_path_factory.mktemp("planted")
    rgb = np.random.default_rng(0).integers(0, 255, (*SIZE[::-1], 3)).astype(np.uint8)
    for name in ("a.jpg", "a.png", "a.webp", "a.tif", "a.avif"):
        Image.fromarray(rgb).save(folder / name)
    cv2.imwrite(str(folder / "deep.png"), rgb[..., ::-1].astype(np.uint16) * 257)
    tifffile.imwrite(folder / "deep.tif", rgb.astype(np.uint16) * 257, photometric="rgb")
    Image.fromarray(rgb[:8, :8]).save(folder / "thumb", "JPEG")
    fields = [*(f"-{field}={MARKER}" for field in FIELDS), *(f"-{other}" for other in OTHERS)]
    paths = sorted(folder.glob("*.*"))
    words = [EXIFTOOL, "-m", "-q", "-overwrite_original", *fields]
    subprocess.run([*words, f"-ThumbnailImage<={folder / 'thumb'}", *paths], check=True)
    for path in paths:
        assert path.read_bytes().count(MARKER.encode()) > 15
    return paths


@pytest.mark.slow
def test_no_photo_keeps_what_exiftool_planted(planted, tmp_path):
    for source in planted:
        photo = read_photo(source)
        for suffix in photos.SUFFIXES:
            out = tmp_path / f"{source.name}{suffix}"
            write_photo(photo, out)
            assert MARKER.encode() not in out.read_bytes(), out
            if source.suffix != ".avif":  # which turns by other means than EXIF
                assert read_photo(out).rgb.shape[:2] == SIZE, out  # upright
    words = [EXIFTOOL, "-json", "-G0", "-a", *tmp_path.iterdir()]
    listed = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    assert len(listed) == len(planted) * len(photos.SUFFIXES)
    for row in listed:
        for key, value in row.items():
            group, _, name = key.rpartition(":")
            assert key == "SourceFile" or name in STRUCTURE[group].split(), (row["SourceFile"], key)
            assert value != 317, (row["SourceFile"], key)
