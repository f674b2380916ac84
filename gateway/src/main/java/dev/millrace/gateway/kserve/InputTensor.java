// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorView;

/**
 * One input of a request, checked in itself: the bytes are as many as datatype and shape say.
 *
 * @param name as sent; whether the model has such an input is for others to say
 * @param view its bytes, valid until the request is closed
 */
record InputTensor(String name, TensorView view) {

  DataType dataType() {
    return view.dataType();
  }

  /** Not to be modified. */
  long[] shape() {
    return view.shape();
  }
}
