package org.lapidary.workbench;

import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import gg.jte.output.StringOutput;
import io.javalin.http.Context;
import java.util.HashMap;
import java.util.Map;

/** Fills templates, which the build made into classes. */
public final class Templates {
  private final TemplateEngine engine =
      TemplateEngine.createPrecompiled(
          null, ContentType.Html, Templates.class.getClassLoader(), "org.lapidary.workbench");
  private final Gate gate;

  Templates(Gate gate) {
    this.gate = gate;
  }

  /**
   * Answers with a page.
   *
   * @param template a file under {@code src/main/jte}
   * @param title of the page
   * @param tab as in {@link Page}
   * @param values its parameters but {@code page}
   */
  public void show(
      Context ctx, String template, String title, String tab, Map<String, Object> values) {
    Map<String, Object> all = new HashMap<>(values);
    all.put("page", new Page(title, tab, gate.formToken()));
    StringOutput out = new StringOutput(1 << 14);
    engine.render(template, all, out);
    ctx.html(out.toString());
  }
}
