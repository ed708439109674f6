package org.lapidary.workbench;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.UploadedFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.lapidary.io.model.Models;
import org.lapidary.tensor.Scope;

/**
 * Models brought by a visitor: written under a temporary name, opened to see that they are models,
 * then moved to their place.
 */
final class Uploads implements Pages {
  private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}";
  private static final int MOST_FILES = 200;

  private final Bench bench;

  Uploads(Bench bench) {
    this.bench = bench;
  }

  @Override
  public void routes(RoutesConfig routes) {
    routes.post("/models/upload", this::upload);
  }

  private void upload(Context ctx) throws IOException {
    String name = Optional.ofNullable(ctx.formParam("name")).orElse("").strip();
    List<UploadedFile> files = ctx.uploadedFiles("files");
    if (!name.matches(NAME)) {
      throw new Refused(
          400,
          "a name has letters, digits, dots, dashes and underscores; '%s' has not".formatted(name));
    }
    if (files.isEmpty() || files.size() > MOST_FILES) {
      throw new Refused(400, "choose the files of one model, %d at most".formatted(MOST_FILES));
    }
    Path place = bench.uploads().resolve(name);
    if (Files.exists(place)) {
      throw new Refused(409, "there is a model '%s' already; choose another name".formatted(name));
    }
    Path unfinished = Files.createTempDirectory(bench.uploads(), ".unfinished");
    try {
      for (UploadedFile file : files) {
        write(file, unfinished);
      }
      check(unfinished, model(unfinished));
      Files.move(unfinished, place, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileAlreadyExistsException e) {
      throw new Refused(409, "there is a model '%s' already; choose another name".formatted(name));
    } finally {
      remove(unfinished);
    }
    ctx.redirect("/model?model=" + Addresses.of(bench.folders().name(model(place))));
  }

  private static void write(UploadedFile file, Path folder) throws IOException {
    String name = file.filename();
    if (!name.matches(NAME)) {
      throw new Refused(400, "'%s' is not a plain file name".formatted(name));
    }
    try (InputStream in = file.content()) {
      Files.copy(in, folder.resolve(name));
    } catch (FileAlreadyExistsException e) {
      throw new Refused(400, "two files are called '%s'".formatted(name));
    }
  }

  /** The folder, or the one llama2.c file in it. */
  private static Path model(Path folder) throws IOException {
    if (Models.looksLikeOne(folder)) {
      return folder;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Models::looksLikeOne).findFirst().orElse(folder);
    }
  }

  private void check(Path folder, Path model) {
    String fault =
        bench
            .desk()
            .run(progress -> {
              try (Scope scope = Scope.open()) {
                Models.load(model);
                return "";
              } catch (RuntimeException e) {
                if (!Faults.words(e)) {
                  throw e;
                }
                return String.valueOf(e.getMessage());
              }
            });
    if (!fault.isEmpty()) {
      throw new Refused(422, fault.replace(folder + "/", "").replace(folder.toString(), "it"));
    }
  }

  private static void remove(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
