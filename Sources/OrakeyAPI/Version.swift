/// The version of orakeyd and of its command line.
public let orakeyVersion = "0.1.0"
