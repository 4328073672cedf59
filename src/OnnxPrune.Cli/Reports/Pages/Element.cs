using System.Globalization;
using System.Text;
using OnnxPrune.Cli.Terminals;

namespace OnnxPrune.Cli.Reports.Pages;

/// <summary>
/// An element of HTML or SVG. All text and all values are escaped when they are written, and the result is well-formed XML as well.
/// </summary>
internal sealed class Element
{
    private static readonly HashSet<string> s_void = ["meta", "br", "rect", "line", "circle", "img"];

    private readonly string _name;
    private readonly List<(string Name, string Value)> _attributes = [];
    private readonly List<object> _content = [];

    private Element(string name) => _name = name;

    /// <param name="content">Texts and elements, or lists of these; null is left out.</param>
    public static Element Of(string name, params IEnumerable<object?> content) => new Element(name).Add(content);

    /// <summary>A style sheet of ours, which is not escaped.</summary>
    public static Element Style(string css)
    {
        var style = new Element("style");
        style._content.Add(new Verbatim(css));
        return style;
    }

    public Element With(string name, string value)
    {
        _attributes.Add((name, value));
        return this;
    }

    /// <summary>A length or a place in SVG.</summary>
    public Element With(string name, double pixels) => With(name, Text(pixels));

    /// <summary>A share of the width, 0 to 1, so that a drawing is as wide as its page and its text keeps its size.</summary>
    public Element WithShare(string name, double share) => With(name, Text(100 * share) + "%");

    /// <inheritdoc cref="Of"/>
    public Element Add(params IEnumerable<object?> content)
    {
        foreach (var part in content)
        {
            if (part is IEnumerable<Element> many)
            {
                _content.AddRange(many);
            }
            else if (part is not null)
            {
                _content.Add(part);
            }
        }

        return this;
    }

    public void Write(StringBuilder text)
    {
        text.Append('<').Append(_name);
        foreach (var (name, value) in _attributes)
        {
            text.Append(' ').Append(name).Append("=\"");
            Escape(value, text);
            text.Append('"');
        }

        if (s_void.Contains(_name) && _content.Count == 0)
        {
            text.Append(" />");
            return;
        }

        text.Append('>');
        foreach (var part in _content)
        {
            Write(part, text);
        }

        text.Append("</").Append(_name).Append('>');
    }

    private static void Write(object part, StringBuilder text)
    {
        switch (part)
        {
            case Element element:
                element.Write(text);
                break;
            case Verbatim verbatim:
                text.Append(verbatim.Text);
                break;
            default:
                Escape(Convert.ToString(part, CultureInfo.InvariantCulture)!, text);
                break;
        }
    }

    private static string Text(double number) => number.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>Names come from models and may hold anything.</summary>
    private static void Escape(string value, StringBuilder text)
    {
        foreach (var c in SanitizedText.Of(value))
        {
            _ = c switch
            {
                '<' => text.Append("&lt;"),
                '>' => text.Append("&gt;"),
                '&' => text.Append("&amp;"),
                '"' => text.Append("&quot;"),
                '\'' => text.Append("&#39;"),
                '\ufffe' or '\uffff' => text.Append('\ufffd'),
                _ => text.Append(c),
            };
        }
    }

    private sealed record Verbatim(string Text);
}
