using OnnxPrune.Runtime.Data;
using OnnxPrune.Runtime.Sessions;
using OnnxPrune.Runtime.Tests.Data;

namespace OnnxPrune.Runtime.Tests.Accuracy;

/// <summary>
/// Four samples of three numbers, labelled 0, 1, 0 and 2; a model that answers with the place of the largest number, and one that turns
/// all answers around.
/// </summary>
internal sealed class OppositeModels : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <param name="samples">[4, 3].</param>
    public OppositeModels(params float[] samples)
    {
        NumpyFile.Archive(
            _folder["d.npz"],
            ("x", NumpyFile.Of("<f4", "(4, 3)", samples)),
            ("y", NumpyFile.Of("<i4", "(4, 1)", [0, 1, 0, 2])));
        Data = DataSource.Open(_folder["d.npz"]);
    }

    public IDataSource Data { get; }

    public OnnxSession Same { get; } = Open("Identity");

    public OnnxSession Opposite { get; } = Open("Neg");

    public void Dispose()
    {
        Same.Dispose();
        Opposite.Dispose();
        _folder.Dispose();
    }

    private static OnnxSession Open(string operation) =>
        OnnxSession.Open(new TinyModel().Input("x float [N, 3]").Output("y float").Node($"y = {operation}(x)").ToBytes());
}
