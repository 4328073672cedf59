using System.Runtime.InteropServices;
using Google.Protobuf;
using Onnx;
using static Onnx.AttributeProto.Types;

namespace ModelMaker.Building;

/// <summary>Attributes and tensors as ONNX messages.</summary>
internal static class Attributes
{
    public static AttributeProto Int(string name, long value) => new() { Name = name, I = value, Type = AttributeType.Int };

    public static AttributeProto Float(string name, float value) => new() { Name = name, F = value, Type = AttributeType.Float };

    public static AttributeProto Text(string name, string value) =>
        new() { Name = name, S = ByteString.CopyFromUtf8(value), Type = AttributeType.String };

    public static AttributeProto Ints(string name, params IEnumerable<long> values) =>
        new() { Name = name, Ints = { values }, Type = AttributeType.Ints };

    public static AttributeProto Floats(string name, params IEnumerable<float> values) =>
        new() { Name = name, Floats = { values }, Type = AttributeType.Floats };

    public static AttributeProto Tensor(string name, TensorProto value) => new() { Name = name, T = value, Type = AttributeType.Tensor };

    public static TensorProto Tensor(ReadOnlySpan<long> values, params IEnumerable<long> dims) =>
        new() { Dims = { dims }, DataType = (int)TensorProto.Types.DataType.Int64, RawData = Bytes(values) };

    public static TensorProto Tensor(ReadOnlySpan<float> values, params IEnumerable<long> dims) =>
        new() { Dims = { dims }, DataType = (int)TensorProto.Types.DataType.Float, RawData = Bytes(values) };

    public static ByteString Bytes<T>(ReadOnlySpan<T> values) where T : unmanaged =>
        ByteString.CopyFrom(MemoryMarshal.AsBytes(values));
}
