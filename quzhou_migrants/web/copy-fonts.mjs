// Copies the static TrueType fonts that the PDF writer embeds into fonts/, with their licences.
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = {
  "noto-sans-sc": ["400Regular/NotoSansSC_400Regular.ttf", "700Bold/NotoSansSC_700Bold.ttf"],
  "noto-serif-sc": ["400Regular/NotoSerifSC_400Regular.ttf", "700Bold/NotoSerifSC_700Bold.ttf"],
};

mkdirSync(join(here, "fonts"), { recursive: true });
for (const [family, files] of Object.entries(wanted)) {
  const home = join(here, "node_modules", "@expo-google-fonts", family);
  copyFileSync(join(home, "LICENSE_FONT"), join(here, "fonts", `${family}-LICENSE`));
  for (const file of files) copyFileSync(join(home, file), join(here, "fonts", file.split("/")[1]));
}
