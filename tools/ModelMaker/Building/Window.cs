namespace ModelMaker.Building;

/// <summary>A window that slides over feature maps.</summary>
/// <param name="KernelHeight">kH.</param>
/// <param name="KernelWidth">kW.</param>
/// <param name="Stride">Steps between outputs, down and across.</param>
/// <param name="PadHeight">Zeros above and below.</param>
/// <param name="PadWidth">Zeros left and right.</param>
/// <param name="Dilation">Steps between taps.</param>
public readonly record struct Window(int KernelHeight, int KernelWidth, int Stride, int PadHeight, int PadWidth, int Dilation = 1)
{
    /// <summary>A square window.</summary>
    public Window(int kernel, int stride = 1, int padding = 0, int dilation = 1)
        : this(kernel, kernel, stride, padding, padding, dilation)
    {
    }

    /// <summary>kH · kW.</summary>
    public int Area => KernelHeight * KernelWidth;

    /// <summary>Half padding: at stride 1 the output is as large as the input.</summary>
    public static Window Same(int kernelHeight, int kernelWidth, int stride = 1, int dilation = 1) =>
        new(kernelHeight, kernelWidth, stride, dilation * (kernelHeight - 1) / 2, dilation * (kernelWidth - 1) / 2, dilation);

    /// <summary>H' for H rows.</summary>
    public int Height(int rows) => (rows + 2 * PadHeight - Dilation * (KernelHeight - 1) - 1) / Stride + 1;

    /// <summary>W' for W columns.</summary>
    public int Width(int columns) => (columns + 2 * PadWidth - Dilation * (KernelWidth - 1) - 1) / Stride + 1;

    internal int Top(int row) => row * Stride - PadHeight;

    internal int Left(int column) => column * Stride - PadWidth;

    /// <summary>The taps that lie inside an axis of <paramref name="length"/> when the first one is at <paramref name="start"/>.</summary>
    internal (int From, int To) Taps(int start, int kernel, int length) =>
        (start < 0 ? (-start + Dilation - 1) / Dilation : 0, length <= start ? 0 : Math.Min(kernel, (length - start - 1) / Dilation + 1));
}
