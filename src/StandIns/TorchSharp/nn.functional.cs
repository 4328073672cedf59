using System;
using System.Linq;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public enum Reduction : long
            {
                None = 0,
                Mean = 1,
                Sum = 2,
            }

            public static unsafe partial class functional
            {
                public static Tensor conv2d(Tensor input, Tensor weight, Tensor bias = null, long[] strides = null, long[] padding = null, long[] dilation = null, long groups = 1)
                {
                    fixed (long* s = Pair(strides, 1), p = Pair(padding, 0), d = Pair(dilation, 1))
                    {
                        return Tensor.Of(Native.ts_conv2d(input.Handle, weight.Handle, bias?.Handle ?? 0, s, p, d, groups));
                    }
                }

                public static Tensor linear(Tensor input, Tensor weights, Tensor bias = null) =>
                    Tensor.Of(Native.ts_linear(input.Handle, weights.Handle, bias?.Handle ?? 0));

                public static Tensor batch_norm(Tensor input, Tensor running_mean, Tensor running_var, Tensor weight = null, Tensor bias = null, bool training = false, double momentum = 0.1, double eps = 1e-5) =>
                    Tensor.Of(Native.ts_batch_norm(input.Handle, running_mean?.Handle ?? 0, running_var?.Handle ?? 0, weight?.Handle ?? 0, bias?.Handle ?? 0, training ? 1 : 0, momentum, eps));

                public static Tensor max_pool2d(Tensor input, long[] kernel_size, long[] strides = null, long[] padding = null, long[] dilation = null, bool ceil_mode = false)
                {
                    fixed (long* k = kernel_size, s = strides ?? kernel_size, p = Pair(padding, 0), d = Pair(dilation, 1))
                    {
                        return Tensor.Of(Native.ts_max_pool2d(input.Handle, k, s, p, d, ceil_mode ? 1 : 0));
                    }
                }

                public static Tensor avg_pool2d(Tensor input, long[] kernel_size, long[] stride = null, long[] padding = null, bool ceil_mode = false, bool count_include_pad = true, long? divisor_override = null)
                {
                    fixed (long* k = kernel_size, s = stride ?? kernel_size, p = Pair(padding, 0))
                    {
                        return Tensor.Of(Native.ts_avg_pool2d(input.Handle, k, s, p, ceil_mode ? 1 : 0, count_include_pad ? 1 : 0));
                    }
                }

                public static Tensor pad(Tensor input, long[] pad, PaddingModes mode = PaddingModes.Constant, double value = 0)
                {
                    if (mode != PaddingModes.Constant)
                    {
                        throw new NotSupportedException("Only constant padding is here.");
                    }

                    fixed (long* p = pad)
                    {
                        return Tensor.Of(Native.ts_pad(input.Handle, p, pad.Length, value));
                    }
                }

                public static Tensor relu(Tensor x, bool inplace = false) => Tensor.Of(Native.ts_relu(x.Handle));

                public static Tensor leaky_relu(Tensor input, double negative_slope = 0.01, bool inplace = false) => Tensor.Of(Native.ts_leaky_relu(input.Handle, negative_slope));

                public static Tensor elu(Tensor x, double alpha, bool inplace = false) => Tensor.Of(Native.ts_elu(x.Handle, alpha));

                public static Tensor hardswish(Tensor input, bool inplace = false) => Tensor.Of(Native.ts_hardswish(input.Handle));

                public static Tensor softplus(Tensor x, double beta = 1, double threshold = 20) => Tensor.Of(Native.ts_softplus(x.Handle));

                public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => Tensor.Of(Native.ts_softmax(input.Handle, dim));

                public static Tensor log_softmax(Tensor x, long dim) => Tensor.Of(Native.ts_log_softmax(x.Handle, dim));

                public static Tensor cross_entropy(Tensor input, Tensor target, Tensor weight = null, long ignore_index = -100, Reduction reduction = Reduction.Mean, double label_smoothing = 0.0) =>
                    Tensor.Of(Native.ts_cross_entropy(input.Handle, target.Handle, ignore_index, (long)reduction, label_smoothing));

                private static long[] Pair(long[] values, long otherwise) =>
                    values is null ? [otherwise, otherwise] : values.Length == 1 ? [values[0], values[0]] : values;
            }
        }
    }
}
