using System;
using System.Collections.Generic;
using System.Linq;

namespace TorchSharp
{
    /// <summary>The functions of libtorch.</summary>
    public static partial class torch
    {
        /// <summary>The numbers are libtorch's own.</summary>
        public enum ScalarType : sbyte
        {
            Byte = 0,
            Int8 = 1,
            Int16 = 2,
            Int32 = 3,
            Int64 = 4,
            Float16 = 5,
            Float32 = 6,
            Float64 = 7,
        }

        /// <summary>Where a tensor lies.</summary>
        public class Device
        {
            public Device(DeviceType type, int index = -1) => (this.type, this.index) = (type, index);

            public DeviceType type { get; }

            public int index { get; }
        }

        public static class cuda
        {
            public static bool is_available() => Native.ts_cuda_is_available() != 0;
        }

        public static Device CPU = new(DeviceType.CPU);

        public static Device CUDA => new(DeviceType.CUDA);

        public static void set_num_threads(int num) => Native.ts_set_num_threads(num);

        public static DisposeScope NewDisposeScope() => new();

        /// <summary>Until it is disposed, this thread records no gradients.</summary>
        public static IDisposable no_grad() => new GradMode(0);

        public static unsafe Tensor tensor(float[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null)
        {
            fixed (float* data = rawArray)
            {
                return Make(data, rawArray.LongLength, ScalarType.Float32, dimensions, dtype, device, requires_grad);
            }
        }

        public static unsafe Tensor tensor(double[] rawArray, ReadOnlySpan<long> dimensions, ScalarType? dtype = null, Device device = null, bool requires_grad = false, string[] names = null)
        {
            fixed (double* data = rawArray)
            {
                return Make(data, rawArray.LongLength, ScalarType.Float64, dimensions, dtype, device, requires_grad);
            }
        }

        public static unsafe Tensor cat(IList<Tensor> tensors, long dim = 0)
        {
            // As TorchSharp 0.105.0 has it; later releases give another tensor over the same memory.
            if (tensors.Count == 1)
            {
                return tensors[0];
            }

            var handles = tensors.Select(t => t.Handle).ToArray();
            fixed (IntPtr* parts = handles)
            {
                return Tensor.Of(Native.ts_cat(parts, handles.Length, dim));
            }
        }

        public static Tensor maximum(Tensor input, Tensor other) => Tensor.Of(Native.ts_maximum(input.Handle, other.Handle));

        public static Tensor minimum(Tensor input, Tensor other) => Tensor.Of(Native.ts_minimum(input.Handle, other.Handle));

        private static unsafe Tensor Make(void* data, long count, ScalarType type, ReadOnlySpan<long> dims, ScalarType? dtype, Device device, bool requiresGrad)
        {
            var product = 1L;
            foreach (var d in dims)
            {
                product *= d;
            }

            if (product != count)
            {
                throw new ArgumentException($"{count} numbers do not fill [{string.Join(", ", dims.ToArray())}].");
            }

            device ??= CPU;
            fixed (long* d = dims)
            {
                var made = Tensor.Of(Native.ts_from_bytes(data, (int)type, d, dims.Length, (int)device.type, device.index));
                if (dtype is { } other && other != type)
                {
                    made = Tensor.Of(Native.ts_to_type(made.Handle, (int)other));
                }

                if (requiresGrad)
                {
                    made.requires_grad = true;
                }

                return made;
            }
        }

        private sealed class GradMode : IDisposable
        {
            private readonly int _before;

            public GradMode(int enabled) => _before = Native.ts_grad_mode(enabled);

            public void Dispose() => Native.ts_grad_mode(_before);
        }
    }
}
