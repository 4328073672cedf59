namespace OnnxPrune.Runtime.Tests.Data;

/// <summary>Small image files, and ways to damage them.</summary>
internal static class Pictures
{
    private static ReadOnlySpan<byte> HuffmanTable => [0xff, 0xc4];

    private static ReadOnlySpan<byte> Scan => [0xff, 0xda];

    /// <summary>A PNG of 2x1 pixels: red, then blue.</summary>
    public static byte[] Png => Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAADUlEQVR4nGP4zwAE/wEHAAH/4iOeWQAAAABJRU5ErkJggg==");

    /// <summary>A JPEG of 2x1 pixels: (252, 20, 20), (18, 22, 251), as libjpeg decodes it.</summary>
    public static byte[] Jpeg => Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAABAAIDAREAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAACP/EABoQAAEFAQAAAAAAAAAAAAAAAAUAAQM1dLL/xAAVAQEBAAAAAAAAAAAAAAAAAAADCP/EABwRAAAHAQEAAAAAAAAAAAAAAAACAwUGNrNzdP/aAAwDAQACEQMRAD8AGZ68I6ZOnV/wqrtfnRzKBl1jcu6uhh//2Q==");

    /// <summary>A grey JPEG of 4x1 pixels: 0, 60, 120, 180.</summary>
    public static byte[] GreyJpeg => Convert.FromBase64String(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/wAALCAABAAQBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAABf/EABoQAAAHAAAAAAAAAAAAAAAAAAADBgk5grP/2gAIAQEAAD8AcZJjzR9syx//2Q==");

    /// <summary>A JPEG whose first Huffman table has more codes than there are, for which libjpeg ends the process.</summary>
    public static byte[] JpegThatEndsItsDecoder
    {
        get
        {
            var file = Jpeg;
            file.AsSpan(file.AsSpan().IndexOf(HuffmanTable) + 5, 4).Fill(0xff);
            return file;
        }
    }

    /// <summary>A JPEG that breaks off within its pixels, but has the mark of the end in a comment: the decoder waits for more for ever.</summary>
    public static byte[] JpegWithoutEnd
    {
        get
        {
            var file = Jpeg;
            var scan = file.AsSpan().IndexOf(Scan);
            return [.. file[..scan], 0xff, 0xfe, 0, 4, 0xff, 0xd9, .. file[scan..^8]];
        }
    }
}
