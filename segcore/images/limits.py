"""What may be uploaded, and what decoding it may cost: every limit, in one place."""

MEGABYTE = 1 << 20

MAX_FILE_BYTES = 25 * MEGABYTE
MAX_FILES = 200
MAX_PIXELS = 64_000_000
MAX_RATIO = 20
"""The longer side of an image, as a multiple of the shorter one."""

KEPT_PIXELS = 16_000_000
"""A visitor's photo with more pixels is halved, perhaps again, until it has no more than these."""

DEEP_PNG = "PNG, interlaced or of 16 bits"
MAX_PIXELS_OF = {"WEBP": 28_000_000, DEEP_PNG: 32_000_000}
"""Kinds whose decoder takes so much memory, or time, that fewer pixels are taken."""

SECONDS_PER_MEGAPIXEL = {
    "JPEG": 0.02, "PNG": 0.05, DEEP_PNG: 0.08, "WEBP": 0.04, "HEIF": 0.09, "AVIF": 0.03,
    "TIFF": 0.05, "BMP": 0.02,
}  # fmt: skip
"""What decoding takes of one core at most, as measured on images of 12 to 64 megapixels."""

LIGHT_SECONDS = 1.25
"""Photos that will take longer by the above are opened one at a time, behind all others."""

LIGHT_CPU_SECONDS = 3
"""CPU seconds for a photo expected to be light, before it is retried as a heavy one."""

DECODING_BYTES = 512 * MEGABYTE
DECODING_CPU_SECONDS = 10
DECODING_SECONDS = 20.0
"""Wall-clock seconds for one photo or one frame of a video, with some to spare on a busy
machine."""

MAX_VIDEO_SECONDS = 60
MAX_VIDEO_FRAMES = MAX_VIDEO_SECONDS * 60
VIDEO_CPU_SECONDS = 180
VIDEO_PIXELS = 500_000
"""A video's frames are shrunk to this many pixels before they are labelled."""

MAX_ARCHIVE_BYTES = 200 * MEGABYTE
"""What the photos of one ZIP file may come to when unpacked."""

MAX_ARCHIVE_RATIO = 100
"""How many times larger than its packed form a photo of a ZIP file may be."""

VISIT_BYTES = 256 * MEGABYTE
"""What one visit may hold in the server's memory of files and of results that were asked for."""

MEMORY_BYTES = 512 * MEGABYTE
"""What all visits may hold together, what can be made again included."""

MADE_BYTES = 192 * MEGABYTE
"""How much of that may be what can be made again: decoded photos, and labels."""

LARGE_PIXELS = 4_000_000
"""Photos with more are drawn for few visitors at once, since each takes ten bytes a pixel."""

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF", "BMP")
"""As Pillow calls them; MPO, what some cameras call a JPEG with more images, is a JPEG here."""

EXTENSIONS = tuple(
    "jpg jpeg jfif mpo png apng webp heic heif hif avif tif tiff bmp zip mp4 m4v mov".split()
)

FORMATS_IN_WORDS = "JPEG, PNG, WebP, HEIC, AVIF, TIFF or BMP"
LIMITS_IN_WORDS = (
    f"Up to {MAX_FILES} files of {MAX_FILE_BYTES // MEGABYTE} MB: photos "
    f"({FORMATS_IN_WORDS}, to {MAX_PIXELS // 1_000_000} megapixels, "
    f"sides to {MAX_RATIO}:1), ZIP files of photos, "
    f"MP4 videos to {MAX_VIDEO_SECONDS} seconds; {VISIT_BYTES // MEGABYTE} MB in all."
)
