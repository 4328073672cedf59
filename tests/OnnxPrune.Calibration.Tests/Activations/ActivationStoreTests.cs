using Microsoft.ML.OnnxRuntime;
using OnnxPrune.Calibration.Activations;
using OnnxPrune.Graphs;
using OnnxPrune.Runtime.Sessions;

namespace OnnxPrune.Calibration.Tests.Activations;

public sealed class ActivationStoreTests
{
    [Fact]
    public void Values_come_back_from_memory_and_from_the_file()
    {
        using var store = new ActivationStore(mostInMemory: 32);
        ActivationStore.Held[] held = [.. Enumerable.Range(0, 10).Select(i => store.Keep(Value(i)))];

        Assert.True(store.FileLength > 0);
        for (var i = 0; i < held.Length; i++)
        {
            Assert.Equal(Numbers(i), Read(held[i]));
        }
    }

    [Fact]
    public void Nothing_goes_to_a_file_within_the_bound()
    {
        using var store = new ActivationStore(mostInMemory: 32);
        for (var i = 0; i < 10; i++)
        {
            // Each makes room for the next.
            using var held = store.Keep(Value(i));
        }

        Assert.Equal(0, store.FileLength);
    }

    [Fact]
    public void Room_in_the_file_is_used_again_without_touching_what_is_still_held()
    {
        using var store = new ActivationStore(mostInMemory: 0);
        ActivationStore.Held[] held = [.. Enumerable.Range(0, 6).Select(i => store.Keep(Value(i)))];
        held[1].Dispose();
        held[4].Dispose();

        var (more, last, another) = (store.Keep(Value(7)), store.Keep(Value(8)), store.Keep(Value(9)));

        Assert.Equal(7 * Numbers(0).Length * sizeof(float), store.FileLength);
        Assert.Equal([0, 2, 3, 5, 7, 8, 9], new[] { held[0], held[2], held[3], held[5], more, last, another }.Select(h => (int)Read(h)[0]));
    }

    [Fact]
    public void A_folder_that_takes_nothing_is_said_with_the_way_out()
    {
        using var store = new ActivationStore(mostInMemory: 0, "/nowhere/at/all");

        var e = Assert.Throws<IOException>(() => store.Keep(Value(1)));

        Assert.Contains("'/nowhere/at/all'", e.Message);
        Assert.Contains("--limit", e.Message);
        Assert.Contains("TMPDIR", e.Message);
    }

    [Fact]
    public void The_file_has_no_name_while_it_is_used()
    {
        var folder = Directory.CreateTempSubdirectory("onnxprune-tests-");
        try
        {
            using var store = new ActivationStore(mostInMemory: 0, folder.FullName);
            using var held = store.Keep(Value(1));

            Assert.Empty(folder.GetFileSystemInfos());
            Assert.Equal(Numbers(1), Read(held));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static double[] Numbers(int first) => [first, first + 0.5, -first, 1];

    private static OrtValue Value(int first) => RuntimeTensor.ToOrtValue(Tensor.Of(Array.ConvertAll(Numbers(first), x => (float)x)));

    private static double[] Read(ActivationStore.Held held)
    {
        var copies = new List<OrtValue>();
        try
        {
            return RuntimeTensor.ToTensor(held.Load(copies), "a value").ToDoubles();
        }
        finally
        {
            copies.ForEach(c => c.Dispose());
        }
    }
}
