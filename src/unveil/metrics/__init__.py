"""How close images are to the clean ones: PSNR, SSIM, LPIPS and others."""
