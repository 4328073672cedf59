namespace TorchSharp
{
    /// <summary>A number that a tensor is combined with.</summary>
    public sealed class Scalar
    {
        internal Scalar(double value) => Value = value;

        internal double Value { get; }

        public static implicit operator Scalar(int value) => new(value);

        public static implicit operator Scalar(long value) => new(value);

        public static implicit operator Scalar(float value) => new(value);

        public static implicit operator Scalar(double value) => new(value);
    }

    public enum DeviceType
    {
        CPU = 0,
        CUDA = 1,
    }

    public enum PaddingModes
    {
        Zeros = 0,
        Reflect = 1,
        Replicate = 2,
        Circular = 3,
        Constant = 4,
    }
}
