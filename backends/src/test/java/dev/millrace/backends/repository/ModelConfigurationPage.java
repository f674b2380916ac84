// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.tensor.DataType;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Writes the reference page of model configuration from the tables in the code. */
final class ModelConfigurationPage {
  private ModelConfigurationPage() {}

  static String render() {
    return """
        <!-- Generated from the code by ModelConfigurationPageTest, which says how. -->

        # Model configuration

        A model needs none: Millrace reads its inputs and outputs from the model itself and finds out
        whether requests can share a batch. What there is to say about a model stands in its folder, in
        `model.yaml` or in a Triton `config.pbtxt`.

        ## Where models lie

        | layout | version |
        |---|---|
        | `<repository>/<model>/<version>/model.onnx` | the folder's number, 1 or more, without leading zeros |
        | `<repository>/<model>/<version>/model.onnx/model.onnx` | the same, as Triton has it for external data |
        | `<repository>/<model>/model.onnx` | 1 |
        | `<repository>/<model>.onnx` | 1; without configuration |

        * The configuration is `<repository>/<model>/model.yaml` or `config.pbtxt`, not both.
        * A model's name has 1 to 128 of the letters `A-Z a-z 0-9 _ - .` and begins with neither `-` nor `.`.
        * The file may have another name if the configuration gives it, or if it is the only `*.onnx` in its
          folder. Everything else in a version's folder belongs to the version: external data goes there.
          Beside a bare `m.onnx`, files named `m.onnx.*` and `m.onnx_*` do.
        * Symbolic links are followed.
        * Ignored are names that begin with a dot, `lost+found`, and what copying tools leave half done:
          `*.part`, `*.partial`, `*.filepart`, `*.tmp`, `*~`.
        * A version is loaded once it has not changed for a second, or from one look to the next.
        * A version of several files is copied into the staging folder before it is used, so that nobody can
          write into files that are mapped into memory. A lone file is read where it lies: replace it by
          moving another one into its place (`mv`, `rsync`).

        ## model.yaml

        An unknown key is an error, and so is a value out of range; all are reported at once, and the version
        that was served before goes on being served.

        | key | value | default | meaning |
        |---|---|---|---|
        %s
        A tensor of `inputs` or `outputs` has a `name`, a `datatype` and a `shape`. The shape is the full one,
        batch axis included, -1 where any size goes. Datatypes are %s.

        ```yaml
        replicas: 2
        max_batch_size: 64
        version_policy:
          latest: 2
        inputs:
          - name: image
            datatype: FP32
            shape: [-1, 3, 224, 224]
        engine:
          graph_optimization_level: extended
        ```

        Options of the engine `onnxruntime`: `graph_optimization_level` (`none`, `basic`, `extended`, `all`),
        `execution_mode` (`sequential`, `parallel`), `inter_op_threads`, `enable_mem_arena`,
        `enable_mem_pattern`, `allow_spinning`, entries of ONNX Runtime's own session configuration
        (`session.*`), and options of its CUDA provider (`cuda.use_tf32`, say). Unknown ones are errors.
        `provider: tensorrt` has GPUs used by TensorRT as far as it can, where the libraries have it, with options of its own
        (`tensorrt.trt_fp16_enable`, say).

        ## Where a model runs

        | `device` | |
        |---|---|
        | `auto` | A GPU if there is one that can be used, the one with the most memory left; else the processor. |
        | `cpu` | The processor. |
        | `gpu` | As `auto`, but that it runs on the processor is a warning in any case. |
        | `gpu:0`, `gpu:0,1` | The GPU of that number, or all of these: weights are on each of them, and replicas are spread over them. Else the processor. |
        | `require gpu`, `require gpu:0` | Likewise, but it is not loaded where that cannot be. |

        Why a model is not on a GPU is said in the log, and beside its state (`./millrace models`).
        `./millrace devices` shows what there is. A GPU is not taken if the memory that models are
        reckoned to need is more than it has (`gpu_memory`, and `gpu_memory_budget` of the gateway);
        where that is so only beside the version that is replaced, the new one waits.

        ## Warm-up

        Each replica runs requests before its version serves, so that the first caller does not pay for
        memory and lazy initialisation. They are

        * every `*.json` in the folder `<repository>/<model>/warmup`, a request in the REST form of the Open
          Inference Protocol, as `millrace infer --save-sample` writes it. A version with a folder `warmup` of
          its own, `<model>/<version>/warmup`, does without the model's;
        * those under `warmup`;
        * where there are neither, zeros; with 8, 1 and 64 in turn for all sizes that the model leaves open.

        ```yaml
        warmup:
          - name: a long text     # for messages
            copies: 4             # of it in one batch; 1 unless given
            runs: 3               # at least; 1 unless given
            inputs:
              - {name: ids, shape: [1, 128], data: random}    # from 0 to 1; or zeros
              - {name: mask, shape: [1, 128], file: mask.bin} # raw bytes, in the folder warmup
        ```

        Shapes are the full ones. A file holds elements in the protocol's raw layout: little-endian, `BYTES`
        with four bytes of length each.

        Samples are run as they are, then 1, 2, 4 and so on of each together up to `max_batch_size`, as far as
        a quarter of a second allows for each replica. **A model that fails on a sample is not served**: its
        load has failed, what served before goes on, and a rollout ends there. So has the load of one whose
        sample does not fit its inputs. Zeros that it does not like are no failure. There may be 256 samples of 64 MiB together.

        ## How requests wait

        By default (`scheduler: auto`) an idle replica takes the requests that are due first, as many as
        serve all that wait best; what batches cost is learned. There is nothing to tune. A request's deadline
        is that of its call (the gRPC timeout), else `slo`; one that cannot be answered in time is refused at
        once.

        With `scheduler: triton` requests are served in the order of their arrival within their level, and
        batches are formed as in Triton: a preferred size is run as soon as it is there; anything else once the
        oldest request has waited for `queue_delay`.

        A queue policy has `max_queue_size` (requests of a level that may wait; 0 for no limit), `timeout`
        (until when a request must have been started; 0s for never), `timeout_action` (`REJECT`, or `DELAY`
        to put it behind those of its level that are in time) and `allow_timeout_override` (with
        `scheduler: triton`: whether a request may bring a shorter timeout). Refusals are RESOURCE_EXHAUSTED and
        DEADLINE_EXCEEDED, or with `scheduler: triton` UNAVAILABLE, as there.

        ```yaml
        scheduler: triton
        max_batch_size: 16
        preferred_batch_sizes: [4, 8]
        queue_delay: 100us
        priority_levels: 2
        default_priority: 2
        queue_policy:
          max_queue_size: 64
          timeout: 100ms
        priority_queue_policy:
          1: {timeout: 1s, timeout_action: DELAY}
        ```

        Parameters of a request:

        | parameter | value | meaning |
        |---|---|---|
        | `priority` | whole number | The request's level; 0 or none for `default_priority`. A level that there is not is an error; with `scheduler: triton` it means the default. Without `priority_levels` it has no effect. |
        | `timeout` | whole number, microseconds | Until when the request must have been started, from its arrival; 0 or none for the policy's. It can only shorten the policy's; with `scheduler: triton` it needs `allow_timeout_override`, and a longer timeout in the policy unless `strict_override` is off. |

        ## Rows of different length

        Rows share a run only if they have the same shape. Where a model has a mask, or a value that it does
        not feel, rows may be made longer up to one of a few lengths, so that more of them do:

        ```yaml
        padding:
          sizes: [16, 32, 64, 128]     # lengths; a longer row stays as it is
          inputs:                      # the tensors of a request that are equally long, all of them
            input_ids: {axis: 1, value: 0}
            attention_mask: {axis: 1, value: 0}
          outputs:                     # those that are as long as the inputs, and are cut back
            last_hidden_state: {axis: 1}
        ```

        It is tried out when the model is loaded: made-up rows are run as they are and made longer (with
        masks of ones), and a model whose answers differ is not loaded. Answers are as long as what was asked.

        ## config.pbtxt

        A Triton configuration is read as it is. Each field is *read*, with the effect of the key named;
        *ignored*, with a note in the log; or *refused*, because the model would answer something else
        without it. A field that Triton does not know is an error, with line and column.

        | field | is | meaning |
        |---|---|---|
        %s"""
        .formatted(keys(), dataTypes(), fields());
  }

  private static String keys() {
    return Arrays.stream(ManifestKey.values())
        .map(
            key ->
                "| `%s` | %s | %s | %s |\n"
                    .formatted(key.key(), key.type(), key.defaultText(), key.meaning()))
        .collect(Collectors.joining());
  }

  private static String fields() {
    return Arrays.stream(PbtxtField.values())
        .map(
            field ->
                "| `%s` | %s | %s |\n"
                    .formatted(
                        field.field(),
                        switch (field.use()) {
                          case READ -> "read";
                          case IGNORED -> "ignored";
                          case REFUSED -> "refused";
                        },
                        field.meaning()))
        .collect(Collectors.joining());
  }

  private static String dataTypes() {
    return Arrays.stream(DataType.values())
        .map(type -> "`" + type + "`")
        .collect(Collectors.joining(", "));
  }
}
