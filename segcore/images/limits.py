"""What may be uploaded, and what decoding it may cost: every limit, in one place."""

MEGABYTE = 1 << 20

MAX_FILE_BYTES = 25 * MEGABYTE
MAX_FILES = 200
MAX_PIXELS = 64_000_000
MAX_RATIO = 20
"""The longer side of a picture, as a multiple of the shorter one."""

KEPT_PIXELS = 16_000_000
"""A visitor's photo with more pixels is halved, perhaps again, until it has no more than these."""

MAX_PIXELS_OF = {"WEBP": 28_000_000}
"""Formats whose decoder takes so much memory that fewer pixels fit into `DECODING_BYTES`."""

DECODING_BYTES = 512 * MEGABYTE
DECODING_CPU_SECONDS = 10
DECODING_SECONDS = 20.0
"""By the clock, for one photo or one frame of a video; a busy machine needs its time."""

MAX_VIDEO_SECONDS = 60
MAX_VIDEO_FRAMES = MAX_VIDEO_SECONDS * 60
VIDEO_CPU_SECONDS = 180
VIDEO_PIXELS = 500_000
"""A video's frames are shrunk to this many pixels before they are labelled."""

MAX_ARCHIVE_BYTES = 200 * MEGABYTE
"""What the photos of one ZIP file may come to when unpacked."""

MAX_ARCHIVE_RATIO = 100
"""How many times larger than its packed form a photo of a ZIP file may be."""

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF", "BMP")
"""As Pillow calls them; MPO, what some cameras call a JPEG with more pictures, is a JPEG here."""

EXTENSIONS = tuple(
    "jpg jpeg jfif mpo png apng webp heic heif hif avif tif tiff bmp zip mp4 m4v mov".split()
)

FORMATS_IN_WORDS = "JPEG, PNG, WebP, HEIC, AVIF, TIFF or BMP"
LIMITS_IN_WORDS = (
    f"Up to {MAX_FILES} files of {MAX_FILE_BYTES // MEGABYTE} MB: photos "
    f"({FORMATS_IN_WORDS}, to {MAX_PIXELS // 1_000_000} megapixels, "
    f"sides to {MAX_RATIO}:1), ZIP files of photos, "
    f"MP4 videos to {MAX_VIDEO_SECONDS} seconds."
)
