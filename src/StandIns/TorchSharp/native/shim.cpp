// libtorch behind a C ABI. A tensor is a pointer that the caller frees with ts_free. A call that fails gives null (or does nothing)
// and leaves its message for ts_take_error; no exception passes the border.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <torch/cuda.h>

#include <cstring>
#include <string>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

using Handle = at::Tensor*;
using Ints = const int64_t*;

namespace {

thread_local std::string error;

// The first line says what is wrong; libtorch adds where in its own sources.
void note(const char* message) {
  error = message;
  error = error.substr(0, error.find('\n'));
  if (error.empty()) error = "libtorch failed without a message";
}

template <typename Body>
auto guarded(Body body, decltype(body()) otherwise) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& e) {
    note(e.what());
  } catch (...) {
    note("");
  }
  return otherwise;
}

template <typename Body>
Handle tensor(Body body) {
  return guarded([&]() -> Handle { return new at::Tensor(body()); }, nullptr);
}

template <typename Body>
void run(Body body) {
  guarded([&] { body(); return 0; }, 0);
}

at::Tensor maybe(Handle t) { return t ? *t : at::Tensor(); }

at::Device device(int type, int index) {
  return at::Device(static_cast<at::DeviceType>(type), static_cast<c10::DeviceIndex>(type == 0 ? -1 : index < 0 ? 0 : index));
}

}  // namespace

// ---- errors, threads, modes ----

// The message of the last failed call on this thread; null where there is none. Valid until the next call.
EXPORT const char* ts_take_error() {
  static thread_local std::string taken;
  if (error.empty()) return nullptr;
  taken.swap(error);
  error.clear();
  return taken.c_str();
}

EXPORT void ts_set_num_threads(int count) { run([&] { at::set_num_threads(count); }); }
EXPORT int ts_cuda_is_available() { return guarded([] { return torch::cuda::is_available() ? 1 : 0; }, 0); }

EXPORT int ts_grad_mode(int enabled) {
  const int before = c10::GradMode::is_enabled();
  c10::GradMode::set_enabled(enabled != 0);
  return before;
}

// ---- making, reading, freeing ----

EXPORT Handle ts_from_bytes(const void* data, int type, Ints dims, int rank, int device_type, int device_index) {
  return tensor([&] {
    const auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(type));
    return at::from_blob(const_cast<void*>(data), at::IntArrayRef(dims, rank), options).clone().to(device(device_type, device_index));
  });
}

EXPORT void ts_free(Handle t) { delete t; }
EXPORT int ts_rank(Handle t) { return static_cast<int>(t->dim()); }
EXPORT void ts_shape(Handle t, int64_t* dims) { std::memcpy(dims, t->sizes().data(), t->dim() * sizeof(int64_t)); }
EXPORT int ts_type(Handle t) { return static_cast<int>(t->scalar_type()); }
EXPORT int ts_device_type(Handle t) { return static_cast<int>(t->device().type()); }
EXPORT int64_t ts_byte_count(Handle t) { return t->numel() * static_cast<int64_t>(t->element_size()); }
EXPORT int ts_is_contiguous(Handle t) { return t->is_contiguous() ? 1 : 0; }
EXPORT void* ts_data(Handle t) { return guarded([&] { return t->data_ptr(); }, nullptr); }

EXPORT Handle ts_to_device(Handle t, int type, int index) { return tensor([&] { return t->to(device(type, index)); }); }
EXPORT Handle ts_to_type(Handle t, int type) { return tensor([&] { return t->to(static_cast<at::ScalarType>(type)); }); }
EXPORT Handle ts_contiguous(Handle t) { return tensor([&] { return t->contiguous(); }); }
EXPORT Handle ts_clone(Handle t) { return tensor([&] { return t->clone(); }); }
EXPORT Handle ts_detach(Handle t) { return tensor([&] { return t->detach(); }); }
EXPORT void ts_copy_(Handle t, Handle source) { run([&] { t->copy_(*source); }); }
EXPORT void ts_zero_(Handle t) { run([&] { t->zero_(); }); }

// ---- gradients ----

EXPORT int ts_requires_grad(Handle t) { return t->requires_grad() ? 1 : 0; }
EXPORT void ts_set_requires_grad(Handle t, int value) { run([&] { t->set_requires_grad(value != 0); }); }
EXPORT int ts_has_grad(Handle t) { return guarded([&] { return t->grad().defined() ? 1 : 0; }, 0); }
EXPORT Handle ts_grad(Handle t) { return tensor([&] { return t->grad(); }); }
EXPORT void ts_set_grad(Handle t, Handle grad) { run([&] { t->mutable_grad() = grad ? *grad : at::Tensor(); }); }
EXPORT void ts_backward(Handle t) { run([&] { t->backward(); }); }

// ---- elementwise ----

EXPORT Handle ts_add(Handle a, Handle b, double alpha) { return tensor([&] { return a->add(*b, alpha); }); }
EXPORT void ts_add_(Handle a, Handle b, double alpha) { run([&] { a->add_(*b, alpha); }); }
EXPORT Handle ts_sub(Handle a, Handle b) { return tensor([&] { return a->sub(*b); }); }
EXPORT Handle ts_mul(Handle a, Handle b) { return tensor([&] { return a->mul(*b); }); }
EXPORT Handle ts_div(Handle a, Handle b) { return tensor([&] { return a->div(*b); }); }
EXPORT Handle ts_pow(Handle a, Handle b) { return tensor([&] { return a->pow(*b); }); }
EXPORT Handle ts_maximum(Handle a, Handle b) { return tensor([&] { return at::maximum(*a, *b); }); }
EXPORT Handle ts_minimum(Handle a, Handle b) { return tensor([&] { return at::minimum(*a, *b); }); }
EXPORT Handle ts_add_scalar(Handle a, double b) { return tensor([&] { return a->add(b); }); }
EXPORT Handle ts_mul_scalar(Handle a, double b) { return tensor([&] { return a->mul(b); }); }
EXPORT void ts_mul_scalar_(Handle a, double b) { run([&] { a->mul_(b); }); }
EXPORT void ts_add_scalar_(Handle a, double b) { run([&] { a->add_(b); }); }
EXPORT void ts_addcmul_(Handle a, Handle b, Handle c, double value) { run([&] { a->addcmul_(*b, *c, value); }); }
EXPORT void ts_addcdiv_(Handle a, Handle b, Handle c, double value) { run([&] { a->addcdiv_(*b, *c, value); }); }
EXPORT Handle ts_clamp(Handle a, double low, double high) { return tensor([&] { return a->clamp(low, high); }); }
EXPORT Handle ts_relu(Handle a) { return tensor([&] { return a->relu(); }); }
EXPORT Handle ts_leaky_relu(Handle a, double slope) { return tensor([&] { return at::leaky_relu(*a, slope); }); }
EXPORT Handle ts_elu(Handle a, double alpha) { return tensor([&] { return at::elu(*a, alpha); }); }
EXPORT Handle ts_hardswish(Handle a) { return tensor([&] { return at::hardswish(*a); }); }
EXPORT Handle ts_softplus(Handle a) { return tensor([&] { return at::softplus(*a); }); }
EXPORT Handle ts_sigmoid(Handle a) { return tensor([&] { return a->sigmoid(); }); }
EXPORT Handle ts_tanh(Handle a) { return tensor([&] { return a->tanh(); }); }
EXPORT Handle ts_abs(Handle a) { return tensor([&] { return a->abs(); }); }
EXPORT Handle ts_exp(Handle a) { return tensor([&] { return a->exp(); }); }
EXPORT Handle ts_log(Handle a) { return tensor([&] { return a->log(); }); }
EXPORT Handle ts_sqrt(Handle a) { return tensor([&] { return a->sqrt(); }); }
EXPORT Handle ts_neg(Handle a) { return tensor([&] { return a->neg(); }); }
EXPORT Handle ts_erf(Handle a) { return tensor([&] { return a->erf(); }); }
EXPORT Handle ts_sign(Handle a) { return tensor([&] { return a->sign(); }); }

// ---- sums, arrangements ----

EXPORT Handle ts_sum(Handle a) { return tensor([&] { return a->sum(); }); }
EXPORT Handle ts_sum_dims(Handle a, Ints dims, int count, int keep) { return tensor([&] { return a->sum(at::IntArrayRef(dims, count), keep != 0); }); }
EXPORT Handle ts_mean_dims(Handle a, Ints dims, int count, int keep) { return tensor([&] { return a->mean(at::IntArrayRef(dims, count), keep != 0); }); }
EXPORT Handle ts_amax(Handle a, Ints dims, int count, int keep) { return tensor([&] { return a->amax(at::IntArrayRef(dims, count), keep != 0); }); }
EXPORT Handle ts_matmul(Handle a, Handle b) { return tensor([&] { return a->matmul(*b); }); }
EXPORT Handle ts_reshape(Handle a, Ints dims, int count) { return tensor([&] { return a->reshape(at::IntArrayRef(dims, count)); }); }
EXPORT Handle ts_permute(Handle a, Ints dims, int count) { return tensor([&] { return a->permute(at::IntArrayRef(dims, count)); }); }
EXPORT Handle ts_slice(Handle a, int64_t dim, int64_t start, int64_t end, int64_t step) { return tensor([&] { return a->slice(dim, start, end, step); }); }

EXPORT Handle ts_cat(Handle* parts, int count, int64_t dim) {
  return tensor([&] {
    std::vector<at::Tensor> list;
    for (int i = 0; i < count; i++) list.push_back(*parts[i]);
    return at::cat(list, dim);
  });
}

// ---- layers ----

EXPORT Handle ts_conv2d(Handle x, Handle w, Handle b, Ints stride, Ints padding, Ints dilation, int64_t groups) {
  return tensor([&] {
    return at::conv2d(*x, *w, maybe(b), at::IntArrayRef(stride, 2), at::IntArrayRef(padding, 2), at::IntArrayRef(dilation, 2), groups);
  });
}

EXPORT Handle ts_linear(Handle x, Handle w, Handle b) { return tensor([&] { return at::linear(*x, *w, maybe(b)); }); }

EXPORT Handle ts_batch_norm(Handle x, Handle mean, Handle var, Handle w, Handle b, int training, double momentum, double eps) {
  return tensor([&] { return at::batch_norm(*x, maybe(w), maybe(b), maybe(mean), maybe(var), training != 0, momentum, eps, true); });
}

EXPORT Handle ts_max_pool2d(Handle x, Ints kernel, Ints stride, Ints padding, Ints dilation, int ceil_mode) {
  return tensor([&] {
    return at::max_pool2d(*x, at::IntArrayRef(kernel, 2), at::IntArrayRef(stride, 2), at::IntArrayRef(padding, 2), at::IntArrayRef(dilation, 2), ceil_mode != 0);
  });
}

EXPORT Handle ts_avg_pool2d(Handle x, Ints kernel, Ints stride, Ints padding, int ceil_mode, int count_include_pad) {
  return tensor([&] {
    return at::avg_pool2d(*x, at::IntArrayRef(kernel, 2), at::IntArrayRef(stride, 2), at::IntArrayRef(padding, 2), ceil_mode != 0, count_include_pad != 0);
  });
}

EXPORT Handle ts_pad(Handle x, Ints pad, int count, double value) { return tensor([&] { return at::constant_pad_nd(*x, at::IntArrayRef(pad, count), value); }); }
EXPORT Handle ts_softmax(Handle x, int64_t dim) { return tensor([&] { return x->softmax(dim); }); }
EXPORT Handle ts_log_softmax(Handle x, int64_t dim) { return tensor([&] { return x->log_softmax(dim); }); }

EXPORT Handle ts_cross_entropy(Handle x, Handle target, int64_t ignore_index, int64_t reduction, double label_smoothing) {
  return tensor([&] { return at::cross_entropy_loss(*x, *target, {}, reduction, ignore_index, label_smoothing); });
}
