// Convolution, bias, relu and max-pooling of NHWC images in one pass, and its gradients, as calls
// of XLA's foreign function interface. One image, or a few, is worked on while it is in the cache;
// a batch is shared out over XLA's own threads. Sums over images are taken in parts that depend on
// the batch alone, so results do not depend on the threads.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include "xla/ffi/api/ffi.h"

#define INLINE static inline __attribute__((always_inline))

namespace ffi = xla::ffi;

namespace {

constexpr uint8_t NOWHERE = 255;    // no gradient passes: relu gave zero
constexpr int64_t SUMS = 16 * 1024; // floats of convolved rows held before they are pooled
constexpr int64_t IMAGES = 8;       // taken together at most, where each has few places
constexpr int64_t PLACES = 128;     // then so many together
constexpr int64_t PARTS = 16;       // shares of a batch whose kernel gradients are summed apart
constexpr int64_t PART_FLOATS = 1 << 19; // of all of them together

// Strides (sy, sx), padding, pooling windows (ph, pw) and their strides (psy, psx) of images
// [B, H, W, C], padded to [Hp, Wp], a kernel [KH, KW, C, O] and pooled images [B, PH, PW, O].
struct Shape {
  int64_t B, H, W, C, KH, KW, O, PH, PW;
  int64_t sy, sx, top, left, bottom, right, ph, pw, psy, psx, relu;
  int64_t Hp, Wp;
};

struct Entry {
  int32_t offset;
  float gradient;
};

// Memory of a thread, kept for its next call.
class Scratch {
 public:
  float* sums(int64_t n) { return grown(sums_, n); }
  float* image(int64_t n) { return grown(image_, n); }
  float* gradient(int64_t n) { return grown(gradient_, n); }
  float* parts(int64_t n) { return grown(parts_, n); }
  float* packed(int64_t n) { return grown(packed_, n); }
  float* zeros(int64_t n) { return grown(zeros_, n); }
  int64_t* rows(int64_t n) { return grown(rows_, n); }
  Entry* entries(int64_t n) { return grown(entries_, n); }
  Entry** lists(int64_t n) { return grown(lists_, n); }
  int64_t* counts(int64_t n) { return grown(counts_, n); }
  static Scratch& mine() {
    static thread_local Scratch scratch;
    return scratch;
  }

 private:
  template <typename T>
  static T* grown(std::vector<T>& kept, int64_t n) {
    if (int64_t(kept.size()) < n) kept.resize(n);
    return kept.data();
  }
  std::vector<float> sums_, image_, gradient_, parts_, packed_, zeros_;
  std::vector<Entry> entries_;
  std::vector<Entry*> lists_;
  std::vector<int64_t> counts_, rows_;
};

// The part of the convolved image that pooling sees.
int64_t convolved_lines(const Shape& s) { return (s.PH - 1) * s.psy + s.ph; }
int64_t convolved_columns(const Shape& s) { return (s.PW - 1) * s.psx + s.pw; }

// How many rows of windows are convolved before they are pooled.
int64_t rows_at_once(const Shape& s, int64_t width) {
  const int64_t line = convolved_columns(s) * ((s.O + width - 1) / width) * width;
  return std::max<int64_t>(1, (SUMS / line - s.ph) / s.psy + 1);
}

// The arithmetic, compiled for one instruction set.
struct Kernels {
  const char* name;
  int64_t width;
  void (*pack)(const float*, int64_t, int64_t, int64_t, int64_t, float*);
  void (*forward)(const Shape&, const float*, const int64_t*, const int64_t*, const float*,
                  const float*, float*, uint8_t*, Scratch&);
  void (*dense_kernel_gradient)(const Shape&, const float*, int64_t, const int64_t*,
                                const int64_t*, const float*, const uint8_t*, float*, Scratch&);
  void (*dense_input_gradient)(const Shape&, const float*, const uint8_t*, const int64_t*,
                               const int64_t*, const float*, float*, Scratch&);
  void (*dense_sum_parts)(const Shape&, const float*, int64_t, float*);
  int64_t (*packed_backward)(const Shape&);
  void (*pack_backward)(const Shape&, const float*, float*);
  void (*kernel_gradient)(const Shape&, const float*, const Entry* const*, const int64_t*, float*);
  void (*input_gradient)(const Shape&, const Entry*, int64_t, const float*, float*);
  void (*sum_parts)(const Shape&, const float*, int64_t, float*);
  void (*bias_gradient)(const Shape&, const float*, const uint8_t*, int64_t, float*);
};

#if defined(__has_builtin)
#define HAS_SHUFFLE __has_builtin(__builtin_shufflevector)
#else
#define HAS_SHUFFLE 0
#endif

#define PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define BEGIN_TARGET(names) \
  PRAGMA(clang attribute push(__attribute__((target(names))), apply_to = function))
#define END_TARGET PRAGMA(clang attribute pop)
#else
#define BEGIN_TARGET(names) PRAGMA(GCC push_options) PRAGMA(GCC target(names))
#define END_TARGET PRAGMA(GCC pop_options)
#endif

#if defined(__x86_64__)
BEGIN_TARGET("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")
namespace avx512 {
#define NAME "AVX-512"
#define WIDTH 16
#define REGISTERS 32
#include "kernels.inc"
#undef NAME
#undef WIDTH
#undef REGISTERS
}  // namespace avx512
END_TARGET
BEGIN_TARGET("avx2,fma")
namespace avx2 {
#define NAME "AVX2"
#define WIDTH 8
#define REGISTERS 16
#include "kernels.inc"
#undef NAME
#undef WIDTH
#undef REGISTERS
}  // namespace avx2
END_TARGET
#endif

namespace plain {
#define NAME "vectors of 128 bits"
#define WIDTH 4
#if defined(__aarch64__)
#define REGISTERS 32
#else
#define REGISTERS 16
#endif
#include "kernels.inc"
#undef NAME
#undef WIDTH
#undef REGISTERS
}  // namespace plain

const Kernels& chosen() {
#if defined(__x86_64__)
  static const Kernels& best =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
              __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
          ? avx512::KERNELS
      : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? avx2::KERNELS
                                                                        : plain::KERNELS;
  return best;
#else
  return plain::KERNELS;
#endif
}

int64_t rounded(int64_t n, int64_t width) { return (n + width - 1) / width * width; }

// Do work(i) for every i < n, on this thread and on those of the pool that are free.
template <typename Work>
void each(ffi::ThreadPool& pool, int64_t n, const Work& work) {
  struct Shared {
    std::atomic<int64_t> next{0}, done{0};
  };
  auto shared = std::make_shared<Shared>();
  // A helper that starts after all is done touches `shared` alone.
  auto help = [shared, n, &work] {
    for (int64_t i; (i = shared->next.fetch_add(1)) < n;) {
      work(i);
      shared->done.fetch_add(1, std::memory_order_release);
    }
  };
  for (int64_t i = std::min(pool.num_threads(), n) - 1; i > 0; --i) pool.Schedule(decltype(help)(help));
  help();
  while (shared->done.load(std::memory_order_acquire) < n) std::this_thread::yield();
}

int64_t padded_size(const Shape& s) { return s.Hp * s.Wp * s.C; }

// Copy an image, and put its padding around it.
void pad(const Shape& s, const float* image, float* to) {
  if (s.Hp != s.H || s.Wp != s.W) std::fill(to, to + padded_size(s), 0.0f);
  const int64_t line = s.W * s.C;
  for (int64_t y = 0; y < s.H; ++y)
    std::memcpy(to + ((y + s.top) * s.Wp + s.left) * s.C, image + y * line, line * sizeof(float));
}

// Images with their padding, and a few floats behind the last, which vectors may reach into.
const float* padded(const Shape& s, const float* images, int64_t n, int64_t slack,
                    Scratch& scratch) {
  const int64_t size = padded_size(s);
  float* to = scratch.image(n * size + slack);
  for (int64_t b = 0; b < n; ++b) pad(s, images + b * s.H * s.W * s.C, to + b * size);
  std::fill(to + n * size, to + n * size + slack, 0.0f);
  return to;
}

// The first pixel, in floats, under the kernel at each place of the convolution, for some images.
std::vector<int64_t> first_pixels(const Shape& s, int64_t images = 1) {
  std::vector<int64_t> places;
  for (int64_t b = 0; b < images; ++b)
    for (int64_t i = 0; i < convolved_lines(s); ++i)
      for (int64_t j = 0; j < convolved_columns(s); ++j)
        places.push_back(b * padded_size(s) + (i * s.sy * s.Wp + j * s.sx) * s.C);
  return places;
}

// The pixels, in floats, under the kernel, from the first one on.
std::vector<int64_t> pixel_offsets(const Shape& s) {
  std::vector<int64_t> offsets;
  for (int64_t a = 0; a < s.KH; ++a)
    for (int64_t i = 0; i < s.KW * s.C; ++i) offsets.push_back(a * s.Wp * s.C + i);
  return offsets;
}

void forward(ffi::ThreadPool& pool, const Shape& s, const float* x, const float* kernel,
             const float* bias, float* y, uint8_t* taken) {
  const Kernels& kernels = chosen();
  const int64_t K = s.KH * s.KW * s.C;
  float* packed = Scratch::mine().packed(K * rounded(s.O, kernels.width));
  kernels.pack(kernel, K, s.O, s.O, 1, packed);
  std::vector<float> full(rounded(s.O, kernels.width));
  std::copy(bias, bias + s.O, full.begin());
  const std::vector<int64_t> offsets = pixel_offsets(s), places = first_pixels(s);
  const int64_t pixels = s.PH * s.PW * s.O;
  each(pool, s.B, [&](int64_t b) {
    Scratch& scratch = Scratch::mine();
    const float* image = x + b * s.H * s.W * s.C;
    if (s.Hp != s.H || s.Wp != s.W) image = padded(s, image, 1, 0, scratch);
    kernels.forward(s, image, places.data(), offsets.data(), packed, full.data(),
                    y + b * pixels, taken ? taken + b * pixels : nullptr, scratch);
  });
}

// The first pixel, in floats, under the kernel at a place `taken` of window (i, j).
inline int32_t under(const Shape& s, int64_t i, int64_t j, int64_t taken) {
  const int64_t row = i * s.psy + taken / s.pw, column = j * s.psx + taken % s.pw;
  return int32_t((row * s.sy * s.Wp + column * s.sx) * s.C);
}

// The gradients of each channel of an image that are not zero, in the order of their places.
void list_channels(const Shape& s, const float* gradient, const uint8_t* taken, Entry** lists,
                   int64_t* counts) {
  std::vector<int32_t> within(256, 0);
  for (int64_t t = 0; t < s.ph * s.pw; ++t) within[t] = under(s, 0, 0, t);
  std::fill(counts, counts + s.O, 0);
  for (int64_t i = 0; i < s.PH; ++i)
    for (int64_t j = 0; j < s.PW; ++j) {
      const int32_t first = under(s, i, j, 0);
      for (int64_t o = 0; o < s.O; ++o) {
        const uint8_t place = taken ? *taken++ : 0;
        const float g = *gradient++;
        lists[o][counts[o]] = {first + within[place], g};
        counts[o] += (g != 0) & (place != NOWHERE);
      }
    }
}

// Whether gradients are few enough to be listed, and kernels large enough to gain by it.
bool is_sparse(const Shape& s) { return s.ph * s.pw > 1 && s.KH * s.KW * s.C >= 32; }

// In how many parts of the batch kernel gradients of a size are summed: fewer where they are large.
int64_t parts_of(const Shape& s, int64_t size) {
  return std::min(s.B, std::clamp<int64_t>(PART_FLOATS / size, 4, PARTS));
}

// How many images are taken together, so that sums are fetched less often than terms are added.
int64_t images_at_once(const Shape& s, int64_t parts) {
  const int64_t places = convolved_lines(s) * convolved_columns(s);
  return std::min<int64_t>({(s.B + parts - 1) / parts, IMAGES, (PLACES + places - 1) / places});
}

void dense_kernel_gradient(const Shape& s, const float* x, const float* gradient,
                           const uint8_t* taken, const std::vector<int64_t>& places,
                           const std::vector<int64_t>& offsets, int64_t n, float* sums) {
  Scratch& scratch = Scratch::mine();
  chosen().dense_kernel_gradient(s, padded(s, x, n, 0, scratch), n, places.data(), offsets.data(),
                                 gradient, taken, sums, scratch);
}

void sparse_kernel_gradient(const Shape& s, const float* x, const float* gradient,
                            const uint8_t* taken, float* sums) {
  Scratch& scratch = Scratch::mine();
  const int64_t most = s.PH * s.PW + 1;  // the last is written to, and not counted
  Entry* entries = scratch.entries(s.O * most);
  Entry** lists = scratch.lists(s.O);
  int64_t* counts = scratch.counts(s.O);
  for (int64_t o = 0; o < s.O; ++o) lists[o] = entries + o * most;
  list_channels(s, gradient, taken, lists, counts);
  const float* image = padded(s, x, 1, s.KW * s.C + chosen().width, scratch);
  chosen().kernel_gradient(s, image, lists, counts, sums);
}

void kernel_gradient(ffi::ThreadPool& pool, const Shape& s, const float* x, const float* gradient,
                     const uint8_t* taken, float* to, float* bias) {
  const Kernels& kernels = chosen();
  const bool sparse = is_sparse(s);
  const int64_t size = sparse ? kernels.packed_backward(s)
                              : s.KH * s.KW * s.C * rounded(s.O, kernels.width);
  const int64_t parts = parts_of(s, size), few = sparse ? 1 : images_at_once(s, parts);
  const std::vector<int64_t> offsets = pixel_offsets(s), places = first_pixels(s, few);
  std::vector<float> biases(parts * s.O);
  float* sums = Scratch::mine().parts(parts * size);
  std::fill(sums, sums + parts * size, 0.0f);
  each(pool, parts, [&](int64_t part) {
    const int64_t last = s.B * (part + 1) / parts;
    for (int64_t b = s.B * part / parts, n; b < last; b += n) {
      n = std::min(few, last - b);
      const float *images = x + b * s.H * s.W * s.C, *own = gradient + b * s.PH * s.PW * s.O;
      const uint8_t* where = taken ? taken + b * s.PH * s.PW * s.O : nullptr;
      kernels.bias_gradient(s, own, where, n, biases.data() + part * s.O);
      if (sparse)
        sparse_kernel_gradient(s, images, own, where, sums + part * size);
      else
        dense_kernel_gradient(s, images, own, where, places, offsets, n,
                              sums + part * size);
    }
  });
  (sparse ? kernels.sum_parts : kernels.dense_sum_parts)(s, sums, parts, to);
  for (int64_t o = 0; o < s.O; ++o) {
    bias[o] = 0;
    for (int64_t part = 0; part < parts; ++part) bias[o] += biases[part * s.O + o];
  }
}

// Add one image's gradient to `pixels`, window by window, place by place.
void spread(const Shape& s, const Kernels& kernels, const float* gradient, const uint8_t* taken,
            const float* packed, float* pixels, Scratch& scratch) {
  const int64_t places = s.ph * s.pw, filter = kernels.packed_backward(s) / s.O;
  Entry* entries = scratch.entries((places + 1) * (s.O + 1));
  int64_t* counts = scratch.counts(256);
  for (int64_t i = 0; i < s.PH; ++i)
    for (int64_t j = 0; j < s.PW; ++j) {
      std::fill(counts, counts + places, 0);
      counts[NOWHERE] = 0;
      for (int64_t o = 0; o < s.O; ++o) {
        const uint8_t place = taken ? *taken++ : 0;
        const float g = *gradient++;
        const int64_t list = std::min<int64_t>(place, places);  // the last: those of no place
        entries[list * (s.O + 1) + counts[place]] = {int32_t(o * filter), g};
        counts[place] += g != 0;
      }
      for (int64_t t = 0; t < places; ++t)
        if (counts[t])
          kernels.input_gradient(s, entries + t * (s.O + 1), counts[t], packed,
                                 pixels + under(s, i, j, t));
    }
}

void input_gradient(ffi::ThreadPool& pool, const Shape& s, const float* kernel,
                    const float* gradient, const uint8_t* taken, float* to) {
  const Kernels& kernels = chosen();
  const bool sparse = is_sparse(s);
  const int64_t K = s.KH * s.KW * s.C;
  float* packed = Scratch::mine().packed(sparse ? kernels.packed_backward(s)
                                                : s.O * rounded(K, kernels.width));
  if (sparse)
    kernels.pack_backward(s, kernel, packed);
  else
    kernels.pack(kernel, s.O, K, 1, s.O, packed);
  const std::vector<int64_t> places = first_pixels(s);
  std::vector<int64_t> channels(s.O);
  std::iota(channels.begin(), channels.end(), 0);
  const int64_t windows = s.PH * s.PW * s.O, slack = s.KW * s.C + kernels.width;
  const int64_t size = padded_size(s);
  each(pool, s.B, [&](int64_t b) {
    Scratch& scratch = Scratch::mine();
    const float* own = gradient + b * windows;
    const uint8_t* where = taken ? taken + b * windows : nullptr;
    float* pixels = scratch.image(size + slack);
    std::fill(pixels, pixels + size + slack, 0.0f);
    if (sparse)
      spread(s, kernels, own, where, packed, pixels, scratch);
    else
      kernels.dense_input_gradient(s, own, where, places.data(), channels.data(), packed,
                                   pixels, scratch);
    float* image = to + b * s.H * s.W * s.C;
    for (int64_t y = 0; y < s.H; ++y)
      std::memcpy(image + y * s.W * s.C, pixels + ((y + s.top) * s.Wp + s.left) * s.C,
                  s.W * s.C * sizeof(float));
  });
}

// XLA's side

using Numbers = ffi::Span<const int64_t>;

Shape shape_of(ffi::AnyBuffer::Dimensions x, ffi::AnyBuffer::Dimensions kernel,
               ffi::AnyBuffer::Dimensions y, Numbers n) {
  Shape s{x[0], x[1], x[2], x[3], kernel[0], kernel[1], kernel[3], y[1], y[2],
          n[0], n[1], n[2], n[3], n[4],      n[5],      n[6],      n[7], n[8], n[9], n[10], 0, 0};
  s.Hp = s.H + s.top + s.bottom;
  s.Wp = s.W + s.left + s.right;
  return s;
}

using F32 = ffi::Buffer<ffi::F32>;
using U8 = ffi::Buffer<ffi::U8>;

ffi::Error Forward(ffi::ThreadPool pool, F32 x, F32 kernel, F32 bias, ffi::Result<F32> y,
                   ffi::Result<U8> taken, Numbers numbers) {
  const Shape s = shape_of(x.dimensions(), kernel.dimensions(), y->dimensions(), numbers);
  forward(pool, s, x.typed_data(), kernel.typed_data(), bias.typed_data(), y->typed_data(),
          taken->element_count() ? taken->typed_data() : nullptr);
  return ffi::Error::Success();
}

ffi::Error KernelGradient(ffi::ThreadPool pool, F32 x, F32 gradient, U8 taken,
                          ffi::Result<F32> kernel, ffi::Result<F32> bias, Numbers numbers) {
  const Shape s = shape_of(x.dimensions(), kernel->dimensions(), gradient.dimensions(), numbers);
  kernel_gradient(pool, s, x.typed_data(), gradient.typed_data(),
                  taken.element_count() ? taken.typed_data() : nullptr, kernel->typed_data(),
                  bias->typed_data());
  return ffi::Error::Success();
}

ffi::Error InputGradient(ffi::ThreadPool pool, F32 kernel, F32 gradient, U8 taken,
                         ffi::Result<F32> x, Numbers numbers) {
  const Shape s = shape_of(x->dimensions(), kernel.dimensions(), gradient.dimensions(), numbers);
  input_gradient(pool, s, kernel.typed_data(), gradient.typed_data(),
                 taken.element_count() ? taken.typed_data() : nullptr, x->typed_data());
  return ffi::Error::Success();
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(tenfold_convolution, Forward,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<F32>()
                                  .Arg<F32>()
                                  .Arg<F32>()
                                  .Ret<F32>()
                                  .Ret<U8>()
                                  .Attr<Numbers>("numbers"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(tenfold_kernel_gradient, KernelGradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<F32>()
                                  .Arg<F32>()
                                  .Arg<U8>()
                                  .Ret<F32>()
                                  .Ret<F32>()
                                  .Attr<Numbers>("numbers"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(tenfold_input_gradient, InputGradient,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<F32>()
                                  .Arg<F32>()
                                  .Arg<U8>()
                                  .Ret<F32>()
                                  .Attr<Numbers>("numbers"));

extern "C" const char* tenfold_instructions() { return chosen().name; }
