package org.lapidary.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Zip archives and torch checkpoints for tests, written by the JDK. */
final class TorchBytes {
  private final Map<String, byte[]> members = new LinkedHashMap<>();

  static TorchBytes of(byte[] pickle) {
    return new TorchBytes().with("archive/data.pkl", pickle);
  }

  TorchBytes with(String name, byte[] content) {
    members.put(name, content);
    return this;
  }

  TorchBytes storage(String key, byte[] content) {
    return with("archive/data/" + key, content);
  }

  byte[] stored() {
    return zip(members, ZipOutputStream.STORED);
  }

  byte[] deflated() {
    return zip(members, ZipOutputStream.DEFLATED);
  }

  private static byte[] zip(Map<String, byte[]> members, int method) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.setMethod(method);
      for (Map.Entry<String, byte[]> member : members.entrySet()) {
        ZipEntry entry = new ZipEntry(member.getKey());
        CRC32 crc = new CRC32();
        crc.update(member.getValue());
        entry.setCrc(crc.getValue());
        entry.setSize(member.getValue().length);
        zip.putNextEntry(entry);
        zip.write(member.getValue());
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
