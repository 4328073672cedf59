using TorchSharp;
using static TorchSharp.torch;

namespace OnnxPrune.Torch.Operators;

/// <summary>
/// Calls with numbers. TorchSharp makes a native scalar of every number that it passes on, and does not keep it alive until libtorch has
/// read it: with other threads and the garbage collector at work, some are freed too early. Those made here live until the call is over;
/// nothing else may make any.
/// </summary>
internal static class GuardedCalls
{
    /// <summary>x + factor · y, with broadcasting.</summary>
    public static Tensor Plus(this Tensor x, Tensor y, double factor = 1)
    {
        using Scalar alpha = factor;
        return x.add(y, alpha);
    }

    /// <summary>x + number.</summary>
    public static Tensor Plus(this Tensor x, double number)
    {
        using Scalar addend = number;
        using Scalar alpha = 1;
        return x.add(addend, alpha);
    }

    /// <summary>factor · x.</summary>
    public static Tensor Times(this Tensor x, double factor)
    {
        using Scalar scalar = factor;
        return x.mul(scalar);
    }

    /// <summary>max(least, min(most, x)).</summary>
    public static Tensor Clamped(this Tensor x, double least, double most)
    {
        using Scalar min = least;
        using Scalar max = most;
        return x.clamp(min, max);
    }

    /// <summary>x where it is positive, slope · x elsewhere.</summary>
    public static Tensor LeakyRelu(this Tensor x, double slope)
    {
        using Scalar scalar = slope;
        return x.leaky_relu(scalar);
    }

    /// <summary>x where it is positive, alpha · (e^x − 1) elsewhere.</summary>
    public static Tensor Elu(this Tensor x, double alpha)
    {
        using Scalar negative = alpha;
        using Scalar scale = 1;
        using Scalar inputScale = 1;
        return x.elu(negative, scale, inputScale);
    }

    /// <summary>x ← x + factor · y.</summary>
    public static void Increase(this Tensor x, Tensor y, double factor = 1)
    {
        using Scalar alpha = factor;
        x.add_(y, alpha);
    }

    /// <summary>x ← x + number.</summary>
    public static void Increase(this Tensor x, double number)
    {
        using Scalar addend = number;
        using Scalar alpha = 1;
        x.add_(addend, alpha);
    }

    /// <summary>x ← x + factor · y · z.</summary>
    public static void IncreaseByProduct(this Tensor x, Tensor y, Tensor z, double factor)
    {
        using Scalar scalar = factor;
        x.addcmul_(y, z, scalar);
    }

    /// <summary>x ← x + factor · y / z.</summary>
    public static void IncreaseByQuotient(this Tensor x, Tensor y, Tensor z, double factor)
    {
        using Scalar scalar = factor;
        x.addcdiv_(y, z, scalar);
    }

    /// <summary>x ← factor · x.</summary>
    public static void Scale(this Tensor x, double factor)
    {
        using Scalar scalar = factor;
        x.mul_(scalar);
    }
}
