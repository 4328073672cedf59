using System.Text;

namespace OnnxPrune.Cli.Terminals;

/// <summary>Leaves out the spaces at the ends of lines, with which a renderer fills its tables.</summary>
internal sealed class TrimmingWriter(TextWriter inner) : TextWriter
{
    private int _spaces;

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value)
    {
        if (value == ' ')
        {
            _spaces++;
            return;
        }

        for (; _spaces > 0 && value != '\n'; _spaces--)
        {
            inner.Write(' ');
        }

        _spaces = 0;
        inner.Write(value);
    }

    public override void Flush() => inner.Flush();
}
