"""Small PNGs: a picture with at most 128 colours, one byte for a pixel instead of three.

Chromium finds the colours, since it is there and can read the picture; what is left is to write the file (PNG, third
edition, §5 and §11: IHDR, PLTE, IDAT, IEND).
"""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.async_api import Page

_COLOURS = """async ({picture}) => {
  const image = await createImageBitmap(await (await fetch("data:image/png;base64," + picture)).blob());
  const {width, height} = image;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const often = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one));
  const parts = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  const palette = often.slice(0, 128).map(parts);
  const nearest = (pixel) => {
    const [red, green, blue] = parts(pixel);
    let best = 0, least = Infinity;
    palette.forEach(([r, g, b], at) => {
      const distance = (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
      if (distance < least) [best, least] = [at, distance];
    });
    return best;
  };
  const places = new Map(often.map((pixel, at) => [pixel, at < 128 ? at : nearest(pixel)]));
  const indices = Uint8Array.from(pixels, (pixel) => places.get(pixel));
  const url = await new Promise((done) => {
    const reader = Object.assign(new FileReader(), { onload: () => done(reader.result) });
    reader.readAsDataURL(new Blob([indices]));
  });
  return { width, height, palette: palette.flat(), indices: url.split(",")[1] };
}"""


async def with_few_colours(page: Page, picture: bytes) -> bytes:
    """The same picture in its 128 most frequent colours; others become the nearest of them. `page` is an empty one."""
    found = await page.evaluate(_COLOURS, {"picture": base64.b64encode(picture).decode()})
    width, height = found["width"], found["height"]
    indices = base64.b64decode(found["indices"])
    rows = b"".join(b"\0" + indices[start : start + width] for start in range(0, width * height, width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = [(b"IHDR", header), (b"PLTE", bytes(found["palette"])), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
