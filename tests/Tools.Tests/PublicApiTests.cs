using System.Reflection;

namespace Tools.Tests;

/// <summary>
/// The public types and members of the assemblies that a user sees, held by a file beside each project: PublicApi.verified.txt. A change on
/// purpose is accepted by running these tests with ONNXPRUNE_ACCEPT_API=1, and read in the review.
/// </summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData("OnnxPrune")]
    [InlineData("OnnxPrune.Runtime")]
    [InlineData("OnnxPrune.Torch")]
    [InlineData("OnnxPrune.Calibration")]
    [InlineData("OnnxPrune.Training")]
    public void The_public_surface_is_the_approved_one(string assembly)
    {
        var path = Path.Combine(Repository.Root, "src", assembly, "PublicApi.verified.txt");
        var found = Describe(Assembly.Load(assembly));
        if (Environment.GetEnvironmentVariable("ONNXPRUNE_ACCEPT_API") == "1")
        {
            File.WriteAllText(path, found);
        }

        Assert.Equal(File.ReadAllText(path), found);
    }

    private static string Describe(Assembly assembly) =>
        string.Concat(assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal).Select(Describe));

    private static string Describe(Type type)
    {
        const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static
            | BindingFlags.DeclaredOnly;
        var members = type.GetMembers(Declared)
            .Where(m => IsVisible(m) && !IsMadeByTheCompiler(m))
            .Select(m => $"    {m.MemberType.ToString().ToLowerInvariant()} {m}\n")
            .Order(StringComparer.Ordinal);
        return $"{Kind(type)} {type}\n{string.Concat(members)}";
    }

    private static string Kind(Type type) =>
        type.IsInterface ? "interface" : type.IsEnum ? "enum" : type.IsValueType ? "struct" : typeof(Delegate)
            .IsAssignableFrom(type) ? "delegate" : "class";

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => !(method.IsSpecialName && member is MethodInfo) && (method.IsPublic || method.IsFamily),
        FieldInfo field => field.IsPublic && !field.IsSpecialName,
        PropertyInfo property => property.GetAccessors().Length > 0,
        _ => member is EventInfo,
    };

    // A record's copy, comparison and printing say nothing that its properties do not.
    private static bool IsMadeByTheCompiler(MemberInfo member) =>
        member.Name is "<Clone>$" or "PrintMembers" or "Equals" or "GetHashCode" or "ToString" or "Deconstruct" or "EqualityContract"
        || (member is ConstructorInfo { IsFamily: true } copy
            && copy.GetParameters() is [{ ParameterType: var only }]
            && only == member.DeclaringType);
}
