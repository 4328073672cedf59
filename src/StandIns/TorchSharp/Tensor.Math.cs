using System;

namespace TorchSharp
{
    public static partial class torch
    {
        public partial class Tensor
        {
            public Tensor add(Tensor target) => Of(Native.ts_add(Handle, target.Handle, 1));

            public Tensor add(Tensor target, Scalar alpha) => Of(Native.ts_add(Handle, target.Handle, alpha.Value));

            public Tensor add(Scalar scalar) => Of(Native.ts_add_scalar(Handle, scalar.Value));

            public Tensor add_(Tensor target, Scalar alpha)
            {
                Native.ts_add_(Handle, target.Handle, alpha.Value);
                Native.Check();
                return this;
            }

            public Tensor add_(Scalar scalar)
            {
                Native.ts_add_scalar_(Handle, scalar.Value);
                Native.Check();
                return this;
            }

            public Tensor addcmul_(Tensor tensor1, Tensor tensor2, Scalar value)
            {
                Native.ts_addcmul_(Handle, tensor1.Handle, tensor2.Handle, value.Value);
                Native.Check();
                return this;
            }

            public Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Scalar value)
            {
                Native.ts_addcdiv_(Handle, tensor1.Handle, tensor2.Handle, value.Value);
                Native.Check();
                return this;
            }

            public Tensor sub(Tensor target) => Of(Native.ts_sub(Handle, target.Handle));

            public Tensor mul(Tensor target) => Of(Native.ts_mul(Handle, target.Handle));

            public Tensor mul(Scalar target) => Of(Native.ts_mul_scalar(Handle, target.Value));

            public Tensor mul_(Scalar scalar)
            {
                Native.ts_mul_scalar_(Handle, scalar.Value);
                Native.Check();
                return this;
            }

            public Tensor pow(Tensor exponent) => Of(Native.ts_pow(Handle, exponent.Handle));

            public Tensor clamp(Scalar min = null, Scalar max = null) =>
                Of(Native.ts_clamp(Handle, min?.Value ?? double.NegativeInfinity, max?.Value ?? double.PositiveInfinity));

            public Tensor sigmoid() => Of(Native.ts_sigmoid(Handle));

            public Tensor tanh() => Of(Native.ts_tanh(Handle));

            public Tensor abs() => Of(Native.ts_abs(Handle));

            public Tensor exp() => Of(Native.ts_exp(Handle));

            public Tensor log() => Of(Native.ts_log(Handle));

            public Tensor sqrt() => Of(Native.ts_sqrt(Handle));

            public Tensor neg() => Of(Native.ts_neg(Handle));

            public Tensor erf() => Of(Native.ts_erf(Handle));

            public Tensor sign() => Of(Native.ts_sign(Handle));

            public Tensor matmul(Tensor target) => Of(Native.ts_matmul(Handle, target.Handle));

            public Tensor sum(ScalarType? type = null) => Of(Native.ts_sum(Handle));

            public unsafe Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null)
            {
                fixed (long* d = dim)
                {
                    return Of(Native.ts_sum_dims(Handle, d, dim.Length, keepdim ? 1 : 0));
                }
            }

            public unsafe Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null)
            {
                fixed (long* d = dimensions)
                {
                    return Of(Native.ts_mean_dims(Handle, d, dimensions.Length, keepdim ? 1 : 0));
                }
            }

            public unsafe Tensor amax(long[] dims, bool keepdim = false, Tensor @out = null)
            {
                fixed (long* d = dims)
                {
                    return Of(Native.ts_amax(Handle, d, dims.Length, keepdim ? 1 : 0));
                }
            }

            public unsafe Tensor reshape(params long[] shape)
            {
                fixed (long* d = shape)
                {
                    return Of(Native.ts_reshape(Handle, d, shape.Length));
                }
            }

            public unsafe Tensor permute(params long[] permutation)
            {
                fixed (long* d = permutation)
                {
                    return Of(Native.ts_permute(Handle, d, permutation.Length));
                }
            }

            public Tensor slice(long dim, long start, long finish, long step) => Of(Native.ts_slice(Handle, dim, start, finish, step));

            public static Tensor operator /(Tensor left, Tensor right) => Of(Native.ts_div(left.Handle, right.Handle));
        }
    }
}
