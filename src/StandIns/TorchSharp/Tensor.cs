using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace TorchSharp
{
    public static partial class torch
    {
        /// <summary>An array of numbers that lies in libtorch, and the history that its gradient is computed by.</summary>
        public partial class Tensor : IDisposable
        {
            private IntPtr _handle;

            internal Tensor(IntPtr handle)
            {
                _handle = handle;
                Scope = DisposeScope.Current;
                Scope?.Add(this);
            }

            ~Tensor() => Free();

            internal DisposeScope Scope { get; set; }

            internal IntPtr Handle => _handle != IntPtr.Zero ? _handle : throw new InvalidOperationException("The tensor is disposed.");

            internal static Tensor Of(IntPtr result) => new(Native.Checked(result));

            internal IntPtr MoveHandle()
            {
                var handle = Handle;
                _handle = IntPtr.Zero;
                return handle;
            }

            public unsafe long[] shape
            {
                get
                {
                    var dims = new long[Native.ts_rank(Handle)];
                    fixed (long* d = dims)
                    {
                        Native.ts_shape(Handle, d);
                    }

                    return dims;
                }
            }

            public ScalarType dtype => (ScalarType)Native.ts_type(Handle);

            public bool requires_grad
            {
                get => Native.ts_requires_grad(Handle) != 0;
                set
                {
                    Native.ts_set_requires_grad(Handle, value ? 1 : 0);
                    Native.Check();
                }
            }

            public Tensor grad
            {
                get => Native.ts_has_grad(Handle) != 0 ? Of(Native.ts_grad(Handle)) : null;
                set
                {
                    Native.ts_set_grad(Handle, value is null ? IntPtr.Zero : value.Handle);
                    Native.Check();
                }
            }

            /// <summary>The memory itself, of a contiguous tensor on the CPU.</summary>
            public unsafe Span<byte> bytes
            {
                get
                {
                    if (Native.ts_is_contiguous(Handle) == 0 || Native.ts_device_type(Handle) != 0)
                    {
                        throw new InvalidOperationException("Only a contiguous tensor on the CPU has bytes.");
                    }

                    return new Span<byte>((void*)Native.ts_data(Handle), checked((int)Native.ts_byte_count(Handle)));
                }
                set => value.CopyTo(bytes);
            }

            public T item<T>() where T : unmanaged
            {
                var bytes = cpu().contiguous().bytes;
                if (typeof(T) != (dtype == ScalarType.Float64 ? typeof(double) : dtype == ScalarType.Float32 ? typeof(float) : null))
                {
                    throw new ArgumentException($"A tensor of type {dtype} gives no item of type {typeof(T).Name}.");
                }

                return bytes.Length == Marshal.SizeOf<T>() ? MemoryMarshal.Read<T>(bytes) : throw new ArgumentException("The tensor must have exactly one element to give an item.");
            }

            public void backward()
            {
                Native.ts_backward(Handle);
                Native.Check();
            }

            public Tensor cpu() => Of(Native.ts_to_device(Handle, 0, -1));

            public Tensor contiguous() => Of(Native.ts_contiguous(Handle));

            public Tensor clone() => Of(Native.ts_clone(Handle));

            public Tensor detach() => Of(Native.ts_detach(Handle));

            public Tensor copy_(Tensor source, bool nonBlocking = false)
            {
                Native.ts_copy_(Handle, source.Handle);
                Native.Check();
                return this;
            }

            public Tensor zero_()
            {
                Native.ts_zero_(Handle);
                Native.Check();
                return this;
            }

            public Tensor MoveToOuterDisposeScope()
            {
                Scope?.MoveToOuter(this);
                return this;
            }

            public Tensor DetachFromDisposeScope()
            {
                Scope?.Detach(this);
                return this;
            }

            public void Dispose()
            {
                Scope?.Remove(this);
                Free();
                GC.SuppressFinalize(this);
            }

            private void Free()
            {
                if (_handle != IntPtr.Zero)
                {
                    Native.ts_free(_handle);
                    _handle = IntPtr.Zero;
                }
            }
        }
    }

    namespace Modules
    {
        /// <summary>A tensor that is learned. Takes the given tensor over, which becomes empty.</summary>
        public class Parameter : torch.Tensor
        {
            public Parameter(torch.Tensor data, bool requires_grad = true)
                : base(data.MoveHandle())
            {
                data.Dispose();
                this.requires_grad = requires_grad;
            }
        }
    }
}
