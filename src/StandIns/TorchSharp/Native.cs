using System;
using System.Runtime.InteropServices;

namespace TorchSharp
{
    /// <summary>The native half. A null result, or a void call that left a message, becomes an <see cref="ExternalException"/>.</summary>
    internal static unsafe partial class Native
    {
        private const string Library = "TorchStandIn";

        public static IntPtr Checked(IntPtr result)
        {
            if (result == IntPtr.Zero)
            {
                throw new ExternalException(Marshal.PtrToStringUTF8(ts_take_error()) ?? "libtorch failed");
            }

            return result;
        }

        public static void Check()
        {
            if (ts_take_error() is var message && message != IntPtr.Zero)
            {
                throw new ExternalException(Marshal.PtrToStringUTF8(message));
            }
        }

        [LibraryImport(Library)] public static partial IntPtr ts_take_error();
        [LibraryImport(Library)] public static partial void ts_set_num_threads(int count);
        [LibraryImport(Library)] public static partial int ts_cuda_is_available();
        [LibraryImport(Library)] public static partial int ts_grad_mode(int enabled);

        [LibraryImport(Library)] public static partial IntPtr ts_from_bytes(void* data, int type, long* dims, int rank, int deviceType, int deviceIndex);
        [LibraryImport(Library)] public static partial void ts_free(IntPtr t);
        [LibraryImport(Library)] public static partial int ts_rank(IntPtr t);
        [LibraryImport(Library)] public static partial void ts_shape(IntPtr t, long* dims);
        [LibraryImport(Library)] public static partial int ts_type(IntPtr t);
        [LibraryImport(Library)] public static partial int ts_device_type(IntPtr t);
        [LibraryImport(Library)] public static partial long ts_byte_count(IntPtr t);
        [LibraryImport(Library)] public static partial int ts_is_contiguous(IntPtr t);
        [LibraryImport(Library)] public static partial IntPtr ts_data(IntPtr t);
        [LibraryImport(Library)] public static partial IntPtr ts_to_device(IntPtr t, int type, int index);
        [LibraryImport(Library)] public static partial IntPtr ts_to_type(IntPtr t, int type);
        [LibraryImport(Library)] public static partial IntPtr ts_contiguous(IntPtr t);
        [LibraryImport(Library)] public static partial IntPtr ts_clone(IntPtr t);
        [LibraryImport(Library)] public static partial IntPtr ts_detach(IntPtr t);
        [LibraryImport(Library)] public static partial void ts_copy_(IntPtr t, IntPtr source);
        [LibraryImport(Library)] public static partial void ts_zero_(IntPtr t);

        [LibraryImport(Library)] public static partial int ts_requires_grad(IntPtr t);
        [LibraryImport(Library)] public static partial void ts_set_requires_grad(IntPtr t, int value);
        [LibraryImport(Library)] public static partial int ts_has_grad(IntPtr t);
        [LibraryImport(Library)] public static partial IntPtr ts_grad(IntPtr t);
        [LibraryImport(Library)] public static partial void ts_set_grad(IntPtr t, IntPtr grad);
        [LibraryImport(Library)] public static partial void ts_backward(IntPtr t);

        [LibraryImport(Library)] public static partial IntPtr ts_add(IntPtr a, IntPtr b, double alpha);
        [LibraryImport(Library)] public static partial void ts_add_(IntPtr a, IntPtr b, double alpha);
        [LibraryImport(Library)] public static partial IntPtr ts_sub(IntPtr a, IntPtr b);
        [LibraryImport(Library)] public static partial IntPtr ts_mul(IntPtr a, IntPtr b);
        [LibraryImport(Library)] public static partial IntPtr ts_div(IntPtr a, IntPtr b);
        [LibraryImport(Library)] public static partial IntPtr ts_pow(IntPtr a, IntPtr b);
        [LibraryImport(Library)] public static partial IntPtr ts_maximum(IntPtr a, IntPtr b);
        [LibraryImport(Library)] public static partial IntPtr ts_minimum(IntPtr a, IntPtr b);
        [LibraryImport(Library)] public static partial IntPtr ts_add_scalar(IntPtr a, double b);
        [LibraryImport(Library)] public static partial IntPtr ts_mul_scalar(IntPtr a, double b);
        [LibraryImport(Library)] public static partial void ts_mul_scalar_(IntPtr a, double b);
        [LibraryImport(Library)] public static partial void ts_add_scalar_(IntPtr a, double b);
        [LibraryImport(Library)] public static partial void ts_addcmul_(IntPtr a, IntPtr b, IntPtr c, double value);
        [LibraryImport(Library)] public static partial void ts_addcdiv_(IntPtr a, IntPtr b, IntPtr c, double value);
        [LibraryImport(Library)] public static partial IntPtr ts_clamp(IntPtr a, double low, double high);
        [LibraryImport(Library)] public static partial IntPtr ts_relu(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_leaky_relu(IntPtr a, double slope);
        [LibraryImport(Library)] public static partial IntPtr ts_elu(IntPtr a, double alpha);
        [LibraryImport(Library)] public static partial IntPtr ts_hardswish(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_softplus(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_sigmoid(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_tanh(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_abs(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_exp(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_log(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_sqrt(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_neg(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_erf(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_sign(IntPtr a);

        [LibraryImport(Library)] public static partial IntPtr ts_sum(IntPtr a);
        [LibraryImport(Library)] public static partial IntPtr ts_sum_dims(IntPtr a, long* dims, int count, int keep);
        [LibraryImport(Library)] public static partial IntPtr ts_mean_dims(IntPtr a, long* dims, int count, int keep);
        [LibraryImport(Library)] public static partial IntPtr ts_amax(IntPtr a, long* dims, int count, int keep);
        [LibraryImport(Library)] public static partial IntPtr ts_matmul(IntPtr a, IntPtr b);
        [LibraryImport(Library)] public static partial IntPtr ts_reshape(IntPtr a, long* dims, int count);
        [LibraryImport(Library)] public static partial IntPtr ts_permute(IntPtr a, long* dims, int count);
        [LibraryImport(Library)] public static partial IntPtr ts_slice(IntPtr a, long dim, long start, long end, long step);
        [LibraryImport(Library)] public static partial IntPtr ts_cat(IntPtr* parts, int count, long dim);

        [LibraryImport(Library)] public static partial IntPtr ts_conv2d(IntPtr x, IntPtr w, IntPtr b, long* stride, long* padding, long* dilation, long groups);
        [LibraryImport(Library)] public static partial IntPtr ts_linear(IntPtr x, IntPtr w, IntPtr b);
        [LibraryImport(Library)] public static partial IntPtr ts_batch_norm(IntPtr x, IntPtr mean, IntPtr var, IntPtr w, IntPtr b, int training, double momentum, double eps);
        [LibraryImport(Library)] public static partial IntPtr ts_max_pool2d(IntPtr x, long* kernel, long* stride, long* padding, long* dilation, int ceilMode);
        [LibraryImport(Library)] public static partial IntPtr ts_avg_pool2d(IntPtr x, long* kernel, long* stride, long* padding, int ceilMode, int countIncludePad);
        [LibraryImport(Library)] public static partial IntPtr ts_pad(IntPtr x, long* pad, int count, double value);
        [LibraryImport(Library)] public static partial IntPtr ts_softmax(IntPtr x, long dim);
        [LibraryImport(Library)] public static partial IntPtr ts_log_softmax(IntPtr x, long dim);
        [LibraryImport(Library)] public static partial IntPtr ts_cross_entropy(IntPtr x, IntPtr target, long ignoreIndex, long reduction, double labelSmoothing);
    }
}
