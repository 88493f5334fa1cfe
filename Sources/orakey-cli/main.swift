import OrakeyCLI

await OrakeyTool.main()
