"""The dictionary of the demo in llama.cpp: one Mamba-2 as a GGUF file, asked about capitals and about airports.

Run: pip install llama-cpp-python && python examples/tools/capitals_in_llama_cpp.py
"""

import tempfile
from pathlib import Path

import llama_cpp

import lsrl
from lsrl.incontext.dictionaries import airports, capitals, codes_tokens

words = codes_tokens()
model = lsrl.compile(words.program, target="mamba2", max_length=words.max_length)
with tempfile.TemporaryDirectory() as directory:
    file = Path(directory) / "dictionary.gguf"
    model.export_gguf(file)
    llama = llama_cpp.Llama(str(file), n_ctx=1024, verbose=False)

for name, pairs in (("capitals", capitals()), ("airports", airports())):
    right = 0
    for key, value in pairs.items():
        llama.reset()
        answer = llama.create_completion(words.prompt(key, pairs), max_tokens=words.value_length + 1, temperature=0)
        right += answer["choices"][0]["text"].strip() == value
    print(f"{right} of {len(pairs)} {name}", "as the program says" if right == len(pairs) else "WRONG")
