package org.lapidary.report;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** A grey picture as a PNG of eight bits (ISO/IEC 15948, colour type 0). */
final class GreyPng {
  private GreyPng() {}

  /** {@code pixels[row][column]} in [0, 1]; what lies outside is cut off, NaN is black. */
  static String dataUri(double[][] pixels) {
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(of(pixels));
  }

  static byte[] of(double[][] pixels) {
    int height = pixels.length;
    int width = height == 0 ? 0 : pixels[0].length;
    ByteBuffer rows = ByteBuffer.allocate(Math.multiplyExact(height, width + 1));
    for (double[] row : pixels) {
      rows.put((byte) 0); // no filter
      for (double value : row) {
        rows.put((byte) Math.round(255 * Math.clamp(value, 0.0, 1.0)));
      }
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'});
    byte depth = 8;
    chunk(
        out,
        "IHDR",
        ByteBuffer.allocate(13).putInt(width).putInt(height).put(depth).putInt(0).array());
    chunk(out, "IDAT", deflated(rows.array()));
    chunk(out, "IEND", new byte[0]);
    return out.toByteArray();
  }

  private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
    byte[] name = type.getBytes(US_ASCII);
    CRC32 crc = new CRC32();
    crc.update(name);
    crc.update(data);
    out.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
    out.writeBytes(name);
    out.writeBytes(data);
    out.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
  }

  private static byte[] deflated(byte[] data) {
    Deflater deflater = new Deflater();
    try {
      deflater.setInput(data);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] buffer = new byte[8192];
      while (!deflater.finished()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }
}
