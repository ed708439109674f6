package org.lapidary.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lapidary.evidence.Paper;
import org.lapidary.evidence.Reproduction;

/** Holds the arrows between the rooms. */
class ArchitectureTest {
  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("org.lapidary");

  private static final String[] METHODS = {
    "interpret", "compress", "verify", "transfer", "architectures", "training", "theory", "domains"
  };

  /** What each room may use, from the bottom up. */
  private static Map<String, List<String>> arrows() {
    Map<String, List<String>> arrows = new LinkedHashMap<>();
    arrows.put("evidence", List.of());
    arrows.put("kernels", List.of());
    arrows.put("tensor", List.of("kernels", "evidence"));
    List<String> below = new ArrayList<>(List.of("evidence", "kernels", "tensor"));
    for (String room : List.of("nn", "io", "data", "train")) {
      arrows.put(room, List.copyOf(below));
      below.add(room);
    }
    for (String room : METHODS) {
      arrows.put(room, List.copyOf(below));
    }
    arrows.put("report", List.of("evidence"));
    below.addAll(List.of(METHODS));
    below.add("report");
    arrows.put("assay", List.copyOf(below));
    arrows.put("catalog", List.copyOf(below));
    below.add("catalog");
    below.add("assay");
    arrows.put("workbench", List.copyOf(below));
    below.add("workbench");
    arrows.put("cli", List.copyOf(below));
    return arrows;
  }

  private static String packages(String room) {
    return "org.lapidary." + room + "..";
  }

  private static ArchRule arrow(String room, List<String> allowed) {
    List<String> own = new ArrayList<>(allowed.stream().map(ArchitectureTest::packages).toList());
    own.add(packages(room));
    return classes()
        .that()
        .resideInAPackage(packages(room))
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(own.toArray(String[]::new))
                .or(not(resideInAPackage("org.lapidary.."))))
        .as("%s uses nothing of the house but %s".formatted(room, allowed))
        .allowEmptyShould(true);
  }

  private static final ArchRule ONLY_TENSOR_SEES_THE_BINDING =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.lapidary.tensor..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.bytedeco..");

  @TestFactory
  List<DynamicTest> arrowsPointDownOnly() {
    return arrows().entrySet().stream()
        .map(arrow ->
            DynamicTest.dynamicTest(
                arrow.getKey(), () -> arrow(arrow.getKey(), arrow.getValue()).check(HOUSE)))
        .toList();
  }

  @Test
  void everyRoomHasItsArrows() {
    assertThat(
            HOUSE.getPackage("org.lapidary").getSubpackages().stream()
                .map(JavaPackage::getRelativeName))
        .isSubsetOf(arrows().keySet());
  }

  @Test
  void onlyTensorSeesTheBinding() {
    ONLY_TENSOR_SEES_THE_BINDING.check(HOUSE);
  }

  @Test
  void theRulesFindWhatBreaksThem() {
    JavaClasses fixture = new ClassFileImporter().importPackages("org.lapidary.kernels.fixture");
    assertThat(arrow("kernels", List.of()).evaluate(fixture).hasViolation()).isTrue();
    assertThat(ONLY_TENSOR_SEES_THE_BINDING.evaluate(fixture).hasViolation()).isTrue();
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("org.lapidary.(**)").should().beFreeOfCycles().check(HOUSE);
  }

  @Test
  void onlyTheCommandLinePrints() {
    noClasses()
        .that()
        .resideOutsideOfPackage("org.lapidary.cli..")
        .should(ACCESS_STANDARD_STREAMS)
        .check(HOUSE);
  }

  @Test
  void everyPackageIsNullMarked() {
    for (JavaPackage each : HOUSE.getPackage("org.lapidary").getSubpackagesInTree()) {
      if (!each.getClasses().isEmpty()) {
        assertThat(each.isAnnotatedWith(NullMarked.class)).as(each.getName()).isTrue();
      }
    }
  }

  @Test
  void aReproductionLivesBesideItsPaper() {
    for (JavaClass each : HOUSE) {
      if (each.isAssignableTo(Reproduction.class) && !each.isInterface()) {
        assertThat(each.getPackage().isAnnotatedWith(Paper.class))
            .as(
                "@Paper in the package-info of %s, the home of %s",
                each.getPackageName(), each.getSimpleName())
            .isTrue();
      }
    }
    for (JavaPackage each : HOUSE.getPackage("org.lapidary").getSubpackagesInTree()) {
      if (each.isAnnotatedWith(Paper.class)) {
        assertThat(each.getName())
            .matches("org\\.lapidary\\.(" + String.join("|", METHODS) + ")\\..+");
        assertThat(each.getAnnotationOfType(Paper.class).reproduction().getPackageName())
            .isEqualTo(each.getName());
      }
    }
  }
}
