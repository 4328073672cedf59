namespace ModelMaker.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("make", "no_such_network", "out.onnx")]
    [InlineData("make", "resnet18", "out.onnx", "--size", "33")]
    [InlineData("make", "resnet18", "out.onnx", "--opset", "6")]
    [InlineData("make", "resnet18", "out.onnx", "--batch", "zero")]
    [InlineData("make")]
    public void Wrong_usage_exits_with_2(params string[] arguments) => Assert.Equal(2, CommandLine.Run(arguments));

    [Fact]
    public void List_exits_with_0() => Assert.Equal(0, CommandLine.Run("list"));
}
