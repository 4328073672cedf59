using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Graphs;
using TensorElementType = Microsoft.ML.OnnxRuntime.Tensors.TensorElementType;

namespace OnnxPrune.Runtime.Sessions;

/// <summary>Tensors from and to ONNX Runtime's values, which number element types alike.</summary>
internal static class RuntimeTensor
{
    /// <summary>One copy, into memory that the runtime owns; the caller disposes it.</summary>
    public static OrtValue ToOrtValue(Tensor tensor)
    {
        var value = OrtValue.CreateAllocatedTensorValue(
            OrtAllocator.DefaultInstance, (TensorElementType)(int)tensor.ElementType, [.. tensor.Dims]);
        if (tensor.Count > 0)
        {
            tensor.Data.Span.CopyTo(value.GetTensorMutableRawData());
        }

        return value;
    }

    /// <summary>One copy of the value's elements.</summary>
    /// <exception cref="UnsupportedModelException">The value is no tensor, or its elements are strings or smaller than a byte.</exception>
    public static Tensor ToTensor(OrtValue value, string what)
    {
        if (!value.IsTensor)
        {
            throw new UnsupportedModelException($"{what} is no tensor, and cannot be compared.");
        }

        var info = value.GetTensorTypeAndShape();
        var type = (ElementType)(int)info.ElementDataType;
        return type.SizeInBytes() > 0
            ? new Tensor(type, info.Shape, info.ElementCount == 0 ? default : value.GetTensorMutableRawData().ToArray())
            : throw new UnsupportedModelException($"{what} holds elements of {info.ElementDataType}, which cannot be compared.");
    }
}
