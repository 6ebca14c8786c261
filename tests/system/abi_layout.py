"""The C contract as data: every struct of sdk/include/portolan/abi with its fields, sizes and offsets."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
ABI = ROOT / "sdk/include/portolan/abi"
HEADERS = ["types.h", "call.h", "http.h", "plugin.h"]


def structs(folder=ABI):
    """[(struct, [field…])] in the order of the headers."""
    found = []
    for path in [folder / name for name in HEADERS] + sorted((folder / "ext").glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\n\} \1;", text, re.S):
            fields = []
            for statement in filter(None, map(str.strip, body.split(";"))):
                pointer = re.search(r"\(\*(\w+)\)", statement)
                fields.append(pointer[1] if pointer else re.search(r"(\w+)$", statement)[1])
            found.append((name, fields))
    return found


def measure(compiler, where):
    """The lines of the lock file, as that compiler lays the structs out."""
    lines = []
    for name, fields in structs():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        lines += [f'printf("{name}.{f} %zu\\n", offsetof({name}, {f}));' for f in fields]
    source = where / "layout.c"
    source.write_text('#include <stdio.h>\n#include "abi.h"\nint main(void) {\n' + "\n".join(lines) + "\nreturn 0; }\n")
    program = where / "layout"
    subprocess.run([compiler, "-std=c11", f"-I{ABI}", str(source), "-o", str(program)], check=True)
    return subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
