namespace ModelMaker.Drawings;

/// <summary>A figure around the origin, inside the unit circle.</summary>
/// <param name="Name">What the class is called.</param>
/// <param name="Covers">Whether a point belongs to the figure.</param>
/// <param name="Turn">The largest angle, in radians either way, that it is drawn at: some figures, turned further, are others.</param>
public sealed record Shape(string Name, Func<double, double, bool> Covers, double Turn)
{
    private const double Texture = 5.2;
    private const double Any = Math.PI;

    private static readonly string[] s_letter = ["####.", "#...#", "#...#", "####.", "#.#..", "#..#.", "#...#"];

    /// <summary>The classes, in the order of their labels.</summary>
    public static IReadOnlyList<Shape> All { get; } =
    [
        new("disc", (x, y) => Radius(x, y) < 0.9, Any),
        new("ring", (x, y) => Radius(x, y) is > 0.55 and < 1, Any),
        new("square", (x, y) => Math.Max(Math.Abs(x), Math.Abs(y)) < 0.75, Any),
        new("triangle", (x, y) => y < 0.55 && (Math.Abs(x) * 1.73) - y < 0.95, Any),
        new("star", (x, y) => Radius(x, y) < 0.45 + (0.5 * Math.Abs(Math.Cos(2.5 * Math.Atan2(y, x)))) - 0.1, Any),
        new("cross", (x, y) => Math.Min(Math.Abs(x), Math.Abs(y)) < 0.25 && Radius(x, y) < 1, Any),
        new("crescent", (x, y) => Radius(x, y) < 0.95 && Radius(x - 0.45, y) > 0.75, Any),
        new("stripes", (x, y) => Radius(x, y) < 1 && Math.Sin(1.6 * Texture * x) > 0, Any),
        new("checks", (x, y) => Radius(x, y) < 1 && Math.Sin(Texture * x) * Math.Sin(Texture * y) > 0, Any),
        new("letter R", Letter, 0.5),
    ];

    private static double Radius(double x, double y) => Math.Sqrt((x * x) + (y * y));

    private static bool Letter(double x, double y)
    {
        var (row, column) = ((int)Math.Floor((y + 0.9) / 1.8 * s_letter.Length), (int)Math.Floor((x + 0.65) / 1.3 * s_letter[0].Length));
        return row >= 0 && row < s_letter.Length && column >= 0 && column < s_letter[0].Length && s_letter[row][column] == '#';
    }
}
