Console.WriteLine("onnxprune");
