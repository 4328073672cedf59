using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Shapes;

namespace OnnxPrune.Runtime.Inputs;

/// <summary>Seeded inputs for models without data: standard normal numbers where floats are wanted, small values elsewhere.</summary>
internal static class SyntheticInputs
{
    // 0 and 1 are valid as indices, masks and lengths of nearly every model that has integer inputs.
    private const int IntegerBound = 2;

    // An input may claim any size; 67 million elements are a picture of 4700x4700 in three colours.
    private const long MostElements = 1L << 26;

    /// <summary>One set of inputs for all that the model must be fed, of the dimensions in <paramref name="shapes"/>.</summary>
    /// <exception cref="UnsupportedModelException">An input is of strings or of another type without numbers, or too large.</exception>
    public static IReadOnlyDictionary<string, Tensor> Make(Model model, ConcreteShapes shapes, long seed, string name = "the model")
    {
        var random = new SeededRandom(seed);
        return model.Graph.FedInputs.ToDictionary(i => i.Name, i => Tensor(i.Name, i.ElementType, shapes.Inputs[i.Name], random, name));
    }

    /// <summary>
    /// The same for an open session; every dimension that its inputs leave open must be in <paramref name="shapes"/>, by input name.
    /// </summary>
    /// <exception cref="UsageException">An input has open dimensions and no shape is given.</exception>
    /// <exception cref="UnsupportedModelException">An input is of strings or of another type without numbers, or too large.</exception>
    public static IReadOnlyDictionary<string, Tensor> Make(
        OnnxSession session, long seed, IReadOnlyDictionary<string, long[]>? shapes = null)
    {
        var random = new SeededRandom(seed);
        return session.Inputs.ToDictionary(i => i.Name, i => Tensor(
            i.Name, i.ElementType, shapes is not null && shapes.TryGetValue(i.Name, out var dims) ? dims : Fixed(session, i), random,
            session.Model));
    }

    private static long[] Fixed(OnnxSession session, ValueDescription input) => input.Shape.IsKnown
        ? [.. input.Shape.Select(d => d.Size!.Value)]
        : throw new UsageException($"{SessionFailure.Quote(session.Model)}: the input {input} has open dimensions, which need sizes.");

    private static Tensor Tensor(string input, ElementType type, long[] dims, SeededRandom random, string model)
    {
        var count = Graphs.Tensor.ElementCount(dims);
        if (count > MostElements)
        {
            throw new UnsupportedModelException(
                $"{SessionFailure.Quote(model)}: the input '{input}' [{string.Join(", ", dims)}] has {count} elements, too many to make "
                    + "up; give --input-shape where it has open dimensions, or --no-verify.");
        }

        var values = new double[count];
        var normal = type.IsFloatingPoint();
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = normal ? random.NextNormal() : random.NextInt(IntegerBound);
        }

        return type switch
        {
            ElementType.Float => Of(type, dims, values, x => (float)x),
            ElementType.Double => Of(type, dims, values, x => x),
            ElementType.Float16 => Of(type, dims, values, x => (Half)x),
            ElementType.BFloat16 => Of(type, dims, values, x => (ushort)(BitConverter.SingleToUInt32Bits((float)x) >> 16)),
            ElementType.Int64 or ElementType.UInt64 => Of(type, dims, values, x => (long)x),
            ElementType.Int32 or ElementType.UInt32 => Of(type, dims, values, x => (int)x),
            ElementType.Int16 or ElementType.UInt16 => Of(type, dims, values, x => (short)x),
            ElementType.Int8 or ElementType.UInt8 or ElementType.Bool => Of(type, dims, values, x => (byte)x),
            _ =>
                throw new UnsupportedModelException(
                    $"{SessionFailure.Quote(model)}: no synthetic values can be made for the input '{input}' of {type}."),
        };
    }

    private static Tensor Of<T>(ElementType type, long[] dims, double[] values, Converter<double, T> convert) where T : unmanaged =>
        new(type, dims, System.Runtime.InteropServices.MemoryMarshal.AsBytes<T>(Array.ConvertAll(values, convert)).ToArray());
}
