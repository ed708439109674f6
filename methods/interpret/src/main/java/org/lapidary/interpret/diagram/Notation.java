package org.lapidary.interpret.diagram;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lapidary.tensor.Op;

/**
 * The diagram as text, one wire a line:
 *
 * <pre>
 * diagram attention
 * input q [q:n k]
 * weight w [k d]
 * index ids [q:n] of vocab
 * scores [q:n x:m] = contract q, key
 * pattern [q:n x:m] = softmax(x) scores
 * output pattern
 * </pre>
 */
final class Notation {
  private static final Pattern INPUT =
      Pattern.compile("(input|weight|buffer|index) ([^ \\[]+) \\[([^\\]]*)\\](?: of (.+))?");
  private static final Pattern BOX =
      Pattern.compile("([^ \\[]+) \\[([^\\]]*)\\] = ([a-z]+)(?:\\(([^)]*)\\))? (.+)");

  private Notation() {}

  static String write(Diagram diagram) {
    List<String> lines = new ArrayList<>();
    lines.add("diagram " + diagram.name());
    for (Wire w : diagram.inputs()) {
      String kind = w.role() == Wire.Role.DATA ? "input" : w.role().name().toLowerCase(Locale.ROOT);
      lines.add(kind + " " + w + (w.indexOf() == null ? "" : " of " + w.indexOf()));
    }
    for (Box box : diagram.boxes()) {
      List<String> arguments = arguments(box.does());
      lines.add(
          "%s = %s%s %s"
              .formatted(
                  box.out(),
                  box.does().word(),
                  arguments.isEmpty() ? "" : "(" + String.join(", ", arguments) + ")",
                  String.join(", ", box.in())));
    }
    diagram.outputs().forEach(o -> lines.add("output " + o));
    return String.join("\n", lines) + "\n";
  }

  static Diagram read(String text) {
    String name = "";
    List<Wire> inputs = new ArrayList<>();
    List<Box> boxes = new ArrayList<>();
    List<String> outputs = new ArrayList<>();
    List<String> lines = text.lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
    for (String line : lines) {
      Matcher input = INPUT.matcher(line);
      Matcher box = BOX.matcher(line);
      if (line.startsWith("diagram ")) {
        name = line.substring(8).strip();
      } else if (line.startsWith("output ")) {
        outputs.add(line.substring(7).strip());
      } else if (input.matches()) {
        Wire.Role role =
            input.group(1).equals("input")
                ? Wire.Role.DATA
                : Wire.Role.valueOf(input.group(1).toUpperCase(Locale.ROOT));
        String of = input.group(4);
        inputs.add(
            new Wire(
                input.group(2),
                Wire.axes(input.group(3)),
                role,
                of == null ? null : Polynomial.parse(of)));
      } else if (box.matches()) {
        String arguments = box.group(4) == null ? "" : box.group(4);
        boxes.add(
            new Box(
                morphism(box.group(3), list(arguments), line),
                list(box.group(5)),
                Wire.data(box.group(1), box.group(2))));
      } else {
        throw new DiagramException(
            "a line of a diagram is 'name [axes] = box(arguments) wires', 'input name [axes]' or 'output name', was '"
                + line
                + "'");
      }
    }
    return new Diagram(name, inputs, boxes, outputs);
  }

  private static List<String> list(String text) {
    return Arrays.stream(text.split(",", -1)).map(String::strip).filter(s -> !s.isEmpty()).toList();
  }

  private static List<String> arguments(Morphism does) {
    return switch (does) {
      case Morphism.Contract ignored -> List.of();
      case Morphism.Repeat ignored -> List.of();
      case Morphism.Add ignored -> List.of();
      case Morphism.Scale s -> List.of("" + s.by(), s.over().toString());
      case Morphism.Rename r -> List.of(r.from(), r.to());
      case Morphism.Group g -> List.of(String.join(" ", g.axes()), g.into());
      case Morphism.Ungroup u -> List.of(u.axis(), String.join(" ", u.into()));
      case Morphism.Window w ->
          List.of(w.axis(), w.place(), w.tap(), "" + w.stride(), "" + w.dilation());
      case Morphism.Fold f ->
          List.of(f.axis(), f.place(), f.tap(), "" + f.stride(), "" + f.dilation());
      case Morphism.Pad p -> List.of(p.axis(), p.before().toString(), p.after().toString());
      case Morphism.Crop c -> List.of(c.axis(), c.before().toString(), c.after().toString());
      case Morphism.Join j -> List.of(j.axis());
      case Morphism.Shift s -> List.of("" + s.by());
      case Morphism.Pointwise p -> List.of(p.function().name().toLowerCase(Locale.ROOT));
      case Morphism.Slope s -> List.of(s.function().name().toLowerCase(Locale.ROOT));
      case Morphism.Softmax s -> List.of(s.axis());
      case Morphism.Normalise n -> List.of(String.join(" ", n.axes()), "" + n.epsilon());
      case Morphism.InverseDeviation d -> List.of(String.join(" ", d.axes()), "" + d.epsilon());
      case Morphism.Max m -> List.of(m.axis());
      case Morphism.Winner w -> List.of(w.axis());
      case Morphism.Causal c -> List.of(c.query(), c.key(), "" + c.fill());
      case Morphism.Gather g -> List.of(g.axis());
      case Morphism.OneHot o -> List.of(o.axis());
    };
  }

  private static Morphism morphism(String word, List<String> arguments, String line) {
    IntFunction<String> a =
        i -> {
          if (i >= arguments.size()) {
            throw new DiagramException(
                "the box %s lacks its argument %d in '%s'".formatted(word, i + 1, line));
          }
          return arguments.get(i);
        };
    try {
      return switch (word) {
        case "contract" -> new Morphism.Contract();
        case "repeat" -> new Morphism.Repeat();
        case "add" -> new Morphism.Add();
        case "scale" ->
            new Morphism.Scale(Double.parseDouble(a.apply(0)), Polynomial.parse(a.apply(1)));
        case "rename" -> new Morphism.Rename(a.apply(0), a.apply(1));
        case "group" -> new Morphism.Group(words(a.apply(0)), a.apply(1));
        case "ungroup" -> new Morphism.Ungroup(a.apply(0), words(a.apply(1)));
        case "window" ->
            new Morphism.Window(
                a.apply(0), a.apply(1), a.apply(2), whole(a.apply(3)), whole(a.apply(4)));
        case "fold" ->
            new Morphism.Fold(
                a.apply(0), a.apply(1), a.apply(2), whole(a.apply(3)), whole(a.apply(4)));
        case "pad" ->
            new Morphism.Pad(
                a.apply(0), Polynomial.parse(a.apply(1)), Polynomial.parse(a.apply(2)));
        case "crop" ->
            new Morphism.Crop(
                a.apply(0), Polynomial.parse(a.apply(1)), Polynomial.parse(a.apply(2)));
        case "join" -> new Morphism.Join(a.apply(0));
        case "shift" -> new Morphism.Shift(Double.parseDouble(a.apply(0)));
        case "pointwise" -> new Morphism.Pointwise(function(a.apply(0)));
        case "slope" -> new Morphism.Slope(function(a.apply(0)));
        case "softmax" -> new Morphism.Softmax(a.apply(0));
        case "normalise" ->
            new Morphism.Normalise(words(a.apply(0)), Double.parseDouble(a.apply(1)));
        case "inversedeviation" ->
            new Morphism.InverseDeviation(words(a.apply(0)), Double.parseDouble(a.apply(1)));
        case "max" -> new Morphism.Max(a.apply(0));
        case "winner" -> new Morphism.Winner(a.apply(0));
        case "causal" ->
            new Morphism.Causal(a.apply(0), a.apply(1), Double.parseDouble(a.apply(2)));
        case "gather" -> new Morphism.Gather(a.apply(0));
        case "onehot" -> new Morphism.OneHot(a.apply(0));
        default -> throw new DiagramException("there is no box '%s' in '%s'".formatted(word, line));
      };
    } catch (NumberFormatException e) {
      throw new DiagramException("a number is wanted in '" + line + "'", e);
    }
  }

  private static List<String> words(String text) {
    return List.of(text.strip().split("\\s+", -1));
  }

  private static int whole(String text) {
    return Integer.parseInt(text);
  }

  private static Op.Unary.Kind function(String name) {
    return Arrays.stream(Op.Unary.Kind.values())
        .filter(k -> k.name().equals(name.toUpperCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(() ->
            new DiagramException(
                "the function '%s' is not known; known are %s"
                    .formatted(name, Arrays.toString(Op.Unary.Kind.values()))));
  }
}
