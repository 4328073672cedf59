using System.Text;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Serialization;

/// <summary>Files of other formats that are given as ONNX models.</summary>
public sealed class ForeignFormatTests
{
    [Theory]
    [InlineData("1F8B0800", "packed by gzip, and no ONNX model; unpack it")]
    [InlineData("504B0304", "a zip archive, as PyTorch and Keras write their models")]
    [InlineData("8002637465737428", "a pickle, as PyTorch")]
    [InlineData("894844460D0A1A0A", "HDF5")]
    [InlineData("1C00000054464C33", "a model of TensorFlow Lite")]
    [InlineData("180000004F52544D", "ONNX Runtime's own format")]
    [InlineData("47475546", "GGUF")]
    [InlineData("89504E470D0A1A0A", "a PNG image")]
    public void Binary_formats_are_named(string start, string name) =>
        Assert.Contains(name, Refusal([.. Convert.FromHexString(start), .. new byte[300]]));

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123\n", "git lfs pull")]
    [InlineData("<!DOCTYPE html><html></html>", "XML or HTML")]
    [InlineData("{\"model\": 1}", "JSON")]
    [InlineData("hello world\n", "text")]
    public void Text_is_named(string text, string name) => Assert.Contains(name, Refusal(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Weights_alone_are_named()
    {
        var header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";

        Assert.Contains(
            "safetensors", Refusal([.. BitConverter.GetBytes((long)header.Length), .. Encoding.ASCII.GetBytes(header), 0, 0, 0, 0]));
    }

    [Fact]
    public void A_model_that_is_cut_short_is_called_so()
    {
        var g = new TestGraph();
        g.Close(g.Relu(g.Conv(g.Input(3, 4, 4), 4)));

        Assert.Contains("truncated", Refusal(g.ToBytes()[..100]));
    }

    private static string Refusal(byte[] file) => Assert.Throws<BrokenModelException>(() => OnnxFile.FromBytes(file)).Message;
}
