// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import dev.millrace.loadtest.workload.ExpectedAnswers.Expected;
import dev.millrace.loadtest.workload.ShapePlan.Shapes;
import io.grpc.Channel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/** Makes workloads: asks a server what its models take, and builds the requests. */
public final class Workloads {
  private final List<ModelSignature> models;
  private final WorkloadSpec spec;
  private final SplittableRandom random;

  private Workloads(List<ModelSignature> models, WorkloadSpec spec) {
    this.models = models;
    this.spec = spec;
    this.random = new SplittableRandom(spec.seed());
  }

  /**
   * Builds what the spec asks for. The same spec and metadata give the same bytes. Blocks while it
   * asks the server and reads files.
   *
   * @param channel to a server of the protocol
   * @throws WorkloadException if the server cannot be reached, does not know a model, leaves open
   *     what may not be guessed, or a file does not fit
   */
  public static Workload build(Channel channel, WorkloadSpec spec) {
    MetadataReader reader = new MetadataReader(channel);
    List<ModelSignature> models = spec.models().stream().map(reader::read).toList();
    return new Workloads(models, spec).build();
  }

  private Workload build() {
    checkShapeNames();
    List<List<Request>> byModel = requests();
    List<Variant> variants = new ArrayList<>();
    for (int i = 0; i < models.size(); i++) {
      variants.addAll(Variants.of(models.get(i).share(), byModel.get(i)));
    }
    return new Workload(variants, check(byModel, variants));
  }

  /** A choice that no model has an input for is a slip that would go unseen. */
  private void checkShapeNames() {
    for (ShapeChoice choice : spec.shapes()) {
      if (models.stream().allMatch(m -> m.find(Side.INPUT, choice.input()).isEmpty())) {
        throw new WorkloadException(
            "--shape: no input '%s' (expected one of %s)"
                .formatted(
                    choice.input(),
                    models.stream()
                        .flatMap(m -> m.inputs().stream().map(TensorSpec::name))
                        .distinct()
                        .collect(Collectors.joining(", "))));
      }
    }
  }

  private List<List<Request>> requests() {
    if (spec.data() instanceof DataSource.File file) {
      DataFile data = DataFile.read(file.path());
      return models.stream()
          .map(model -> data.sets(model, Side.INPUT, spec.rows()))
          .map(sets -> sets.stream().map(set -> new Request(set, 1)).toList())
          .toList();
    }
    return models.stream().map(this::made).toList();
  }

  private List<Request> made(ModelSignature model) {
    return ShapePlan.of(model, spec.rows(), spec.shapes()).stream()
        .map(shapes -> made(model, shapes))
        .toList();
  }

  private Request made(ModelSignature model, Shapes shapes) {
    List<Tensor> inputs = new ArrayList<>();
    for (int i = 0; i < model.inputs().size(); i++) {
      TensorSpec input = model.inputs().get(i);
      List<Long> shape = shapes.shapes().get(i);
      inputs.add(
          spec.data() instanceof DataSource.Zeros
              ? SyntheticData.zeros(input, shape)
              : SyntheticData.random(input, shape, random));
    }
    return new Request(inputs, shapes.weight());
  }

  private AnswerCheck check(List<List<Request>> byModel, List<Variant> variants) {
    TensorComparison comparison = new TensorComparison(spec.tolerance());
    if (spec.expect().isPresent()) {
      return new ExpectedAnswers(expected(spec.expect().get(), byModel), comparison);
    }
    if (spec.agree()) {
      return AnswerCheck.agreement(variants, spec.tolerance());
    }
    return AnswerCheck.NONE;
  }

  private List<Expected> expected(Path file, List<List<Request>> byModel) {
    DataFile data = DataFile.read(file);
    List<Expected> expected = new ArrayList<>();
    for (int i = 0; i < models.size(); i++) {
      ModelSignature model = models.get(i);
      int requests = byModel.get(i).size();
      List<List<Tensor>> sets = data.sets(model, Side.OUTPUT, spec.rows());
      if (sets.size() != requests) {
        throw new WorkloadException(
            "%s: %d answers for model '%s' (expected %d, one for each request)"
                .formatted(file, sets.size(), model.name(), requests));
      }
      sets.forEach(set -> expected.add(new Expected(model.name(), set)));
    }
    return expected;
  }
}
