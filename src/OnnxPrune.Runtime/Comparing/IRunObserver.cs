namespace OnnxPrune.Runtime.Comparing;

/// <summary>The listener of a run: hears of its steps, notes and trials, and may ask it to end.</summary>
internal interface IRunObserver
{
    /// <summary>Asks the run to end at the next step.</summary>
    CancellationToken Cancellation { get; }

    /// <summary>Runs a step.</summary>
    T Timed<T>(string step, Func<T> work);

    /// <summary>Runs a step that may take long and reports the share that is done, 0 to 1.</summary>
    T Watched<T>(string step, Func<IProgress<double>, T> work);

    /// <summary>Takes a sentence that the user should know.</summary>
    void Note(string text);

    /// <summary>Takes a point that a search tried.</summary>
    void Point(string text);

    /// <summary>Runs a step without a result.</summary>
    sealed void Timed(string step, Action work) => Timed(step, () =>
    {
        work();
        return true;
    });
}
